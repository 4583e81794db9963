"""The case study of lab 5: vehicles that stand where parking is forbidden.

| module | what it does |
| --- | --- |
| `zones` | camera files and the zones in them |
| `footprint`, `rules` | from a mask to the ground, and whether it stands in a zone |
| `tracking`, `events` | who stands, since when, and what that amounts to |
| `clips`, `analysis` | clips with their times; one clip, its report, the clips of a city |
| `drawing`, `report` | pictures and pages, with people and plates hidden |
| `proposals` | zones for a new camera, proposed by a network |
| `scores`, `lot` | how accurate it is: on Kerbside, on photographs of a car park |

`python -m parking --help` lists the commands.
"""
