"""`make bench`: the same work on us and on a peer, in one run, as ratios. Seconds alone say nothing elsewhere."""

from __future__ import annotations

from benchmarks import misspelling, moving, noop, starting

if __name__ == "__main__":
    starting.main()
    misspelling.main()
    noop.main()
    moving.main()
