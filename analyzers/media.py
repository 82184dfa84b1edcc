"""The only door to untrusted files.

Every file is opened by a decoder child (`analyzers.decoder`), which gets one open file, may open
nothing else (no file, no socket: the kernel refuses further descriptors), and lives under limits on
time, memory, pixels and seconds of media. What comes back are plain numbers of known shape.
"""

from __future__ import annotations
