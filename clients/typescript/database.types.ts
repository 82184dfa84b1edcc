// Generated from supabase/migrations by `make types-typescript`: do not edit.
export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[]

export type Database = {
  public: {
    Tables: {
      dreamcut_assets: {
        Row: {
          analysis: NonNullable<Json>
          analyzed_at: string | null
          attempts: number
          confidence_score: number | null
          cost_estimate: number | null
          created_at: string
          error_message: string | null
          file_size_bytes: number | null
          filename: string
          id: string
          metadata: NonNullable<Json>
          model_used: string | null
          position: number
          processing_time_ms: number | null
          progress: number
          quality_score: number | null
          query_id: string
          revision: number
          status: string
          type: string
          updated_at: string
          url: string
          user_description: string | null
          worker_id: string | null
        }
        ComputedFields: never
        Insert: {
          analysis?: NonNullable<Json>
          analyzed_at?: string | null
          attempts?: number
          confidence_score?: number | null
          cost_estimate?: number | null
          created_at?: string
          error_message?: string | null
          file_size_bytes?: number | null
          filename: string
          id?: string
          metadata?: NonNullable<Json>
          model_used?: string | null
          position: number
          processing_time_ms?: number | null
          progress?: number
          quality_score?: number | null
          query_id: string
          revision?: number
          status?: string
          type: string
          updated_at?: string
          url: string
          user_description?: string | null
          worker_id?: string | null
        }
        Update: {
          analysis?: NonNullable<Json>
          analyzed_at?: string | null
          attempts?: number
          confidence_score?: number | null
          cost_estimate?: number | null
          created_at?: string
          error_message?: string | null
          file_size_bytes?: number | null
          filename?: string
          id?: string
          metadata?: NonNullable<Json>
          model_used?: string | null
          position?: number
          processing_time_ms?: number | null
          progress?: number
          quality_score?: number | null
          query_id?: string
          revision?: number
          status?: string
          type?: string
          updated_at?: string
          url?: string
          user_description?: string | null
          worker_id?: string | null
        }
        Relationships: [
          {
            foreignKeyName: 'dreamcut_assets_query_id_fkey'
            columns: ['query_id']
            isOneToOne: false
            referencedRelation: 'dreamcut_queries'
            referencedColumns: ['id']
          },
        ]
      }
      dreamcut_documents: {
        Row: {
          asset_id: string | null
          document: NonNullable<Json>
          id: string
          query_id: string
          updated_at: string
        }
        ComputedFields: never
        Insert: {
          asset_id?: string | null
          document: NonNullable<Json>
          id?: string
          query_id: string
          updated_at?: string
        }
        Update: {
          asset_id?: string | null
          document?: NonNullable<Json>
          id?: string
          query_id?: string
          updated_at?: string
        }
        Relationships: [
          {
            foreignKeyName: 'dreamcut_documents_asset_id_fkey'
            columns: ['asset_id', 'query_id']
            isOneToOne: false
            referencedRelation: 'dreamcut_assets'
            referencedColumns: ['id', 'query_id']
          },
          {
            foreignKeyName: 'dreamcut_documents_query_id_fkey'
            columns: ['query_id']
            isOneToOne: false
            referencedRelation: 'dreamcut_queries'
            referencedColumns: ['id']
          },
        ]
      }
      dreamcut_leases: {
        Row: {
          asset_id: string | null
          attempts: number
          free_at: string
          id: string
          query_id: string
          token: number | null
          worker_id: string | null
        }
        ComputedFields: never
        Insert: {
          asset_id?: string | null
          attempts?: number
          free_at?: string
          id: string
          query_id: string
          token?: number | null
          worker_id?: string | null
        }
        Update: {
          asset_id?: string | null
          attempts?: number
          free_at?: string
          id?: string
          query_id?: string
          token?: number | null
          worker_id?: string | null
        }
        Relationships: [
          {
            foreignKeyName: 'dreamcut_leases_asset_id_fkey'
            columns: ['asset_id', 'query_id']
            isOneToOne: false
            referencedRelation: 'dreamcut_assets'
            referencedColumns: ['id', 'query_id']
          },
          {
            foreignKeyName: 'dreamcut_leases_query_id_fkey'
            columns: ['query_id']
            isOneToOne: false
            referencedRelation: 'dreamcut_queries'
            referencedColumns: ['id']
          },
        ]
      }
      dreamcut_messages: {
        Row: {
          asset_id: string | null
          content: string
          created_at: string
          data: NonNullable<Json>
          emoji: string | null
          id: string
          key: string | null
          query_id: string
          seq: number
          type: string
        }
        ComputedFields: never
        Insert: {
          asset_id?: string | null
          content: string
          created_at?: string
          data?: NonNullable<Json>
          emoji?: string | null
          id?: string
          key?: string | null
          query_id: string
          seq: number
          type: string
        }
        Update: {
          asset_id?: string | null
          content?: string
          created_at?: string
          data?: NonNullable<Json>
          emoji?: string | null
          id?: string
          key?: string | null
          query_id?: string
          seq?: number
          type?: string
        }
        Relationships: [
          {
            foreignKeyName: 'dreamcut_messages_asset_id_fkey'
            columns: ['asset_id', 'query_id']
            isOneToOne: false
            referencedRelation: 'dreamcut_assets'
            referencedColumns: ['id', 'query_id']
          },
          {
            foreignKeyName: 'dreamcut_messages_query_id_fkey'
            columns: ['query_id']
            isOneToOne: false
            referencedRelation: 'dreamcut_queries'
            referencedColumns: ['id']
          },
        ]
      }
      dreamcut_queries: {
        Row: {
          attempts: number
          completed_at: string | null
          cost_estimate: number | null
          created_at: string
          error_message: string | null
          id: string
          idempotency_key: string | null
          intent: string
          last_message_seq: number
          models_used: string[]
          options: NonNullable<Json>
          payload: Json | null
          processing_time_ms: number | null
          progress: number
          revision: number
          stage: string
          status: string
          updated_at: string
          user_id: string
          user_prompt: string
          worker_id: string | null
        }
        ComputedFields: never
        Insert: {
          attempts?: number
          completed_at?: string | null
          cost_estimate?: number | null
          created_at?: string
          error_message?: string | null
          id?: string
          idempotency_key?: string | null
          intent: string
          last_message_seq?: number
          models_used?: string[]
          options?: NonNullable<Json>
          payload?: Json | null
          processing_time_ms?: number | null
          progress?: number
          revision?: number
          stage?: string
          status?: string
          updated_at?: string
          user_id: string
          user_prompt: string
          worker_id?: string | null
        }
        Update: {
          attempts?: number
          completed_at?: string | null
          cost_estimate?: number | null
          created_at?: string
          error_message?: string | null
          id?: string
          idempotency_key?: string | null
          intent?: string
          last_message_seq?: number
          models_used?: string[]
          options?: NonNullable<Json>
          payload?: Json | null
          processing_time_ms?: number | null
          progress?: number
          revision?: number
          stage?: string
          status?: string
          updated_at?: string
          user_id?: string
          user_prompt?: string
          worker_id?: string | null
        }
        Relationships: []
      }
    }
    Views: {
      [_ in never]: never
    }
    Functions: {
      add_dreamcut_message: {
        Args: {
          p_asset_id?: string
          p_content: string
          p_data?: Json
          p_emoji?: string
          p_key?: string
          p_lease_token?: number
          p_query_id: string
          p_type: string
        }
        Returns: boolean
      }
      advance_dreamcut_asset: {
        Args: {
          p_analysis?: Json
          p_asset_id: string
          p_begins?: boolean
          p_confidence_score?: number
          p_cost_estimate?: number
          p_emoji?: string
          p_error_message?: string
          p_lease_token?: number
          p_message?: string
          p_message_data?: Json
          p_message_key?: string
          p_message_type?: string
          p_model_used?: string
          p_processing_time_ms?: number
          p_progress: number
          p_quality_score?: number
          p_status?: string
          p_worker_id?: string
        }
        Returns: boolean
      }
      advance_dreamcut_query: {
        Args: {
          p_emoji?: string
          p_lease_token?: number
          p_message?: string
          p_message_data?: Json
          p_message_key?: string
          p_message_type?: string
          p_progress: number
          p_query_id: string
          p_stage: string
        }
        Returns: boolean
      }
      check_dreamcut_lease: {
        Args: { p_asset_id: string; p_lease_token: number; p_query_id: string }
        Returns: undefined
      }
      claim_dreamcut_asset: {
        Args: { p_asset_id?: string; p_lease_seconds?: number; p_worker_id: string }
        Returns: {
          asset_id: string | null
          attempts: number
          free_at: string
          id: string
          query_id: string
          token: number | null
          worker_id: string | null
        }[]
        SetofOptions: {
          from: '*'
          to: 'dreamcut_leases'
          isOneToOne: false
          isSetofReturn: true
        }
      }
      claim_dreamcut_query: {
        Args: { p_lease_seconds?: number; p_query_id?: string; p_worker_id: string }
        Returns: {
          asset_id: string | null
          attempts: number
          free_at: string
          id: string
          query_id: string
          token: number | null
          worker_id: string | null
        }[]
        SetofOptions: {
          from: '*'
          to: 'dreamcut_leases'
          isOneToOne: false
          isSetofReturn: true
        }
      }
      complete_dreamcut_query: {
        Args: {
          p_cost_estimate?: number
          p_lease_token?: number
          p_models_used?: string[]
          p_payload: Json
          p_processing_time_ms?: number
          p_query_id: string
        }
        Returns: undefined
      }
      dreamcut_analysis: { Args: { p_asset_id: string }; Returns: Json }
      dreamcut_brief: { Args: { p_query_id: string }; Returns: Json }
      dreamcut_document_bytes: { Args: Record<PropertyKey, never>; Returns: number }
      dreamcut_health: {
        Args: { p_limit?: number; p_since?: string; p_stuck_after?: string }
        Returns: {
          asset_id: string
          at: string
          attempts: number
          concern: string
          cost_usd: number
          detail: string
          query_id: string
          seconds: number
          subject: string
          worker_id: string
        }[]
      }
      dreamcut_legacy_assets: {
        Args: { p_brief: Json }
        Returns: {
          description: string
          filename: string
          metadata: Json
          place: number
          problem: string
          type: string
          url: string
        }[]
      }
      dreamcut_legacy_text: { Args: { p_brief: Json; p_paths: string[] }; Returns: string }
      dreamcut_outline: {
        Args: { p_document: Json; p_longest: number; p_path: string }
        Returns: Record<string, unknown>
      }
      dreamcut_row_document: { Args: { p_document: Json }; Returns: Json }
      dreamcut_schema_version: { Args: Record<PropertyKey, never>; Returns: string }
      dreamcut_step: { Args: { p_state: string }; Returns: number }
      fail_dreamcut_query: {
        Args: { p_error_message: string; p_lease_token?: number; p_query_id: string }
        Returns: boolean
      }
      finish_dreamcut_query: {
        Args: {
          p_cost_estimate?: number
          p_lease_token?: number
          p_models_used?: string[]
          p_payload: Json
          p_processing_time_ms?: number
          p_query_id: string
        }
        Returns: boolean
      }
      import_legacy_dreamcut_brief: {
        Args: { p_brief: Json; p_failure: string; p_owner: string }
        Returns: string
      }
      import_legacy_dreamcut_briefs: {
        Args: { p_after?: string; p_limit?: number; p_owner_if_none?: string }
        Returns: {
          brief_id: string
          note: string
          outcome: string
        }[]
      }
      initialize_dreamcut_query: {
        Args: {
          p_assets?: Json
          p_idempotency_key?: string
          p_intent: string
          p_options?: Json
          p_user_id: string
          p_user_prompt: string
        }
        Returns: string
      }
      keep_dreamcut_document: {
        Args: { p_asset_id: string; p_document: Json; p_query_id: string }
        Returns: Json
      }
      release_dreamcut_lease: { Args: { p_lease_token: number }; Returns: boolean }
      release_dreamcut_worker: { Args: { p_worker_id: string }; Returns: number }
      renew_dreamcut_lease: { Args: { p_lease_seconds?: number; p_lease_token: number }; Returns: string }
      take_dreamcut_lease: {
        Args: { p_id: string; p_lease_seconds: number; p_of_assets: boolean; p_worker_id: string }
        Returns: {
          asset_id: string | null
          attempts: number
          free_at: string
          id: string
          query_id: string
          token: number | null
          worker_id: string | null
        }[]
        SetofOptions: {
          from: '*'
          to: 'dreamcut_leases'
          isOneToOne: false
          isSetofReturn: true
        }
      }
      update_asset_progress: {
        Args: {
          p_analysis?: Json
          p_asset_id: string
          p_begins?: boolean
          p_confidence_score?: number
          p_cost_estimate?: number
          p_emoji?: string
          p_error_message?: string
          p_lease_token?: number
          p_message?: string
          p_message_data?: Json
          p_message_key?: string
          p_message_type?: string
          p_model_used?: string
          p_processing_time_ms?: number
          p_progress: number
          p_quality_score?: number
          p_status?: string
          p_worker_id?: string
        }
        Returns: undefined
      }
    }
    Enums: {
      [_ in never]: never
    }
    CompositeTypes: {
      [_ in never]: never
    }
  }
}

type DatabaseWithoutInternals = Omit<Database, '__InternalSupabase'>

type DefaultSchema = DatabaseWithoutInternals[Extract<keyof Database, 'public'>]

export type Tables<
  DefaultSchemaTableNameOrOptions extends
    keyof (DefaultSchema['Tables'] & DefaultSchema['Views']) | { schema: keyof DatabaseWithoutInternals },
  TableName extends (DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof (DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables'] &
        DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Views'])
    : never) = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? (DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables'] &
      DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Views'])[TableName] extends {
      Row: infer R
    }
    ? R
    : never
  : DefaultSchemaTableNameOrOptions extends keyof (DefaultSchema['Tables'] & DefaultSchema['Views'])
    ? (DefaultSchema['Tables'] & DefaultSchema['Views'])[DefaultSchemaTableNameOrOptions] extends {
        Row: infer R
      }
      ? R
      : never
    : never

export type TablesInsert<
  DefaultSchemaTableNameOrOptions extends
    keyof DefaultSchema['Tables'] | { schema: keyof DatabaseWithoutInternals },
  TableName extends (DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables']
    : never) = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables'][TableName] extends {
      Insert: infer I
    }
    ? I
    : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema['Tables']
    ? DefaultSchema['Tables'][DefaultSchemaTableNameOrOptions] extends {
        Insert: infer I
      }
      ? I
      : never
    : never

export type TablesUpdate<
  DefaultSchemaTableNameOrOptions extends
    keyof DefaultSchema['Tables'] | { schema: keyof DatabaseWithoutInternals },
  TableName extends (DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables']
    : never) = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables'][TableName] extends {
      Update: infer U
    }
    ? U
    : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema['Tables']
    ? DefaultSchema['Tables'][DefaultSchemaTableNameOrOptions] extends {
        Update: infer U
      }
      ? U
      : never
    : never

export type Enums<
  DefaultSchemaEnumNameOrOptions extends
    keyof DefaultSchema['Enums'] | { schema: keyof DatabaseWithoutInternals },
  EnumName extends (DefaultSchemaEnumNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions['schema']]['Enums']
    : never) = never,
> = DefaultSchemaEnumNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions['schema']]['Enums'][EnumName]
  : DefaultSchemaEnumNameOrOptions extends keyof DefaultSchema['Enums']
    ? DefaultSchema['Enums'][DefaultSchemaEnumNameOrOptions]
    : never

export type CompositeTypes<
  PublicCompositeTypeNameOrOptions extends
    keyof DefaultSchema['CompositeTypes'] | { schema: keyof DatabaseWithoutInternals },
  CompositeTypeName extends (PublicCompositeTypeNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions['schema']]['CompositeTypes']
    : never) = never,
> = PublicCompositeTypeNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions['schema']]['CompositeTypes'][CompositeTypeName]
  : PublicCompositeTypeNameOrOptions extends keyof DefaultSchema['CompositeTypes']
    ? DefaultSchema['CompositeTypes'][PublicCompositeTypeNameOrOptions]
    : never

export const Constants = {
  public: {
    Enums: {},
  },
} as const
