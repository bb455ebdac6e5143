"""Keeps memory that was freed for the next block.

A block of a log becomes several texts and bytes of some 200 KiB each, which live until they are sent. The allocator of
glibc gives such blocks back to the kernel and takes new ones, at a page fault for every 4 KiB: over HTTP these were a
quarter of the whole time. It keeps blocks up to the size of the largest that was ever freed (mallopt(3),
M_MMAP_THRESHOLD: the threshold is dynamic), so that freeing one is enough. Other allocators don't care.
"""

_KEPT_BYTES = 4 * 1024 * 1024
"""More than one batch takes in any form. Up to twice as much stays with the process, if it was ever used."""


def keep_freed() -> None:
    """To be called before the work begins; again is harmless. Takes no memory: the kernel's zeros are never touched."""
    bytes(_KEPT_BYTES)
