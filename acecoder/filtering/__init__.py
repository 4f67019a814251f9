"""Which tests to believe, which programs to prefer, which problems are hard.

Departures from AceCoder (docs/METHOD.md says why):

1. A program's pass rate is over the tests kept, not over all before filtering (M9).
2. Problems on which every program fares alike never count as hard; the next most divided are added
   where too few are left (M17).
3. A cap on pairs, where one is asked for, deals them so that programs take turns (M10).
"""
