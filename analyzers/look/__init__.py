"""How a picture looks, measured: shared by still images, keyframes and shots."""

from analyzers.look.measure import ANALYSIS_EDGE_PX, measure_look

__all__ = ["ANALYSIS_EDGE_PX", "measure_look"]
