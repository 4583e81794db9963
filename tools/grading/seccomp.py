"""System call filter for the sandbox: it blocks calls that only attacks need.

It forbids new namespaces (in which a user is root and can mount anything), mounts, access to other
processes, kernel modules, keys and BPF programs, and memory outside any file system
(`memfd_create`, System V segments), which would not be accounted for. bubblewrap loads the filter
as its last step; the program is classic BPF as described in seccomp(2).
"""

from __future__ import annotations

import errno
import os
import platform
import struct

LOAD, JUMP_IF_EQUAL, JUMP_IF_AT_LEAST, JUMP_IF_BITS, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16
"""Places in `struct seccomp_data`; of an argument the lower half, on little-endian machines."""
NEW_NAMESPACES = 0x7E020080
"""All CLONE_NEW* flags."""
X32 = 0x40000000

# Names with their numbers on x86_64 and on aarch64; None where there is no such call.
DENIED = {
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39),
    "pivot_root": (155, 41), "chroot": (161, 51), "ptrace": (101, 117),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "bpf": (321, 280),
    "perf_event_open": (298, 241), "userfaultfd": (323, 282), "keyctl": (250, 219),
    "add_key": (248, 217), "request_key": (249, 218), "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264), "swapon": (167, 224),
    "swapoff": (168, 225), "reboot": (169, 142), "settimeofday": (164, 170),
    "clock_settime": (227, 112), "adjtimex": (159, 171), "acct": (163, 89),
    "quotactl": (179, 60), "syslog": (103, 116), "open_tree": (428, 428),
    "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431),
    "fsmount": (432, 432), "fspick": (433, 433), "pidfd_getfd": (438, 438),
    "mount_setattr": (442, 442), "memfd_create": (319, 279), "memfd_secret": (447, 447),
    "shmget": (29, 194), "msgget": (68, 186), "vmsplice": (278, 75), "iopl": (172, None),
    "ioperm": (173, None), "modify_ldt": (154, None),
}  # fmt: skip
CLONE, CLONE3 = (56, 220), 435
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}


def program() -> bytes:
    """Filter program for the processor of this machine; empty for unsupported processors."""
    if platform.machine() not in MACHINES:
        return b""
    column, architecture = MACHINES[platform.machine()]
    denied = [numbers[column] for numbers in DENIED.values() if numbers[column] is not None]
    refuse, unknown = ERRNO | errno.EPERM, ERRNO | errno.ENOSYS
    steps: list[tuple[int, int, int, int]] = [
        (LOAD, 0, 0, ARCHITECTURE),
        (JUMP_IF_EQUAL, 1, 0, architecture),
        (RETURN, 0, 0, unknown),  # calls of another processor's kind, such as 32-bit ones
        (LOAD, 0, 0, NUMBER),
        (JUMP_IF_AT_LEAST, 0, 1, X32),
        (RETURN, 0, 0, unknown),
        (JUMP_IF_EQUAL, 0, 1, CLONE3),  # its flags cannot be looked at; libraries then use clone
        (RETURN, 0, 0, unknown),
    ]
    for number in denied:
        steps += [(JUMP_IF_EQUAL, 0, 1, number), (RETURN, 0, 0, refuse)]
    steps += [
        (JUMP_IF_EQUAL, 0, 3, CLONE[column]),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (JUMP_IF_BITS, 0, 1, NEW_NAMESPACES),
        (RETURN, 0, 0, refuse),
        (RETURN, 0, 0, ALLOW),
    ]
    return b"".join(struct.pack("<HBBI", *step) for step in steps)


def opened() -> int | None:
    """File descriptor from which bubblewrap reads the filter once; the caller closes it."""
    content = program()
    if not content:
        return None
    reader, writer = os.pipe()
    os.write(writer, content)
    os.close(writer)
    return reader
