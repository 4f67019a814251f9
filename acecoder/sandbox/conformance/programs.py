"""Wrong programs that must get no credit, right ones that must pass, tests that are hostile.

Each attack is wrong, or right only if a hostile act succeeded. `f` must reverse a list.
"""

from __future__ import annotations

from pathlib import Path

RIGHT = "def f(x):\n    return x[::-1]\n"

FORGE = """
import json, os, struct, sys
def f(x):
    frame = sys._getframe()
    while 'answers' not in frame.f_locals: frame = frame.f_back
    data = json.dumps({frame}).encode()
    os.write(frame.f_locals['answers'], struct.pack('>I', len(data)) + data)
    os._exit(0)
"""

ATTACKS = {
    "exit at import": "import sys\nsys.exit(0)",
    "hard exit at import": "import os\nos._exit(0)",
    "exit in f": "import sys\ndef f(x): sys.exit(0)",
    "hard exit in f": "import os\ndef f(x): os._exit(0)",
    "always equal": "class E:\n    def __eq__(self, o): return True\n    __hash__ = None\ndef f(x): return E()",
    "list that lies": "class L(list):\n    def __eq__(self, o): return True\ndef f(x): return L([0])",
    "class lies": "class E:\n    __class__ = list\n    def __eq__(self, o): return True\ndef f(x): return E()",
    "builtins replaced": "import builtins\nbuiltins.exec = builtins.eval = lambda *a: None\ndef f(x): return 0",
    "json replaced": "import sys, json\njson.dumps = lambda v: '{\"values\": [[3, 2, 4]]}'\ndef f(x): return 0",
    "forged frames": (
        "import os, struct\n"
        "for fd in range(3, 64):\n"
        "    for data in (b'{\"values\": []}', b'{\"values\": [true]}', b'.' * 50):\n"
        "        try: os.write(fd, struct.pack('>I', len(data)) + data)\n"
        "        except OSError: pass\n"
        "def f(x): return 0"
    ),
    "answers in frames": (
        "import sys, gc\n"
        "def f(x):\n"
        "    for o in gc.get_objects():\n"
        "        if isinstance(o, list) and o == x[::-1] and o is not x: return o\n"
        "    frame = sys._getframe()\n"
        "    while frame:\n"
        "        for v in list(frame.f_locals.values()):\n"
        "            if v == [3, 2, x[0]]: return v\n"
        "        frame = frame.f_back\n"
    ),
    "endless loop": "def f(x):\n    while True: pass",
    "loop that eats signals": (
        "import signal\n"
        "for n in range(1, 64):\n"
        "    try: signal.signal(n, signal.SIG_IGN)\n"
        "    except (OSError, ValueError): pass\n"
        "def f(x):\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass"
    ),
    "sleeps for ever": "import time\ndef f(x): time.sleep(1e6)",
    "loop in C": "def f(x): sum(range(10**12)); return x[::-1]",
    "two gigabytes": "def f(x):\n    b = bytearray(2 << 30)\n    return x[::-1]",
    "fills the disk": "def f(x):\n    open('/tmp/x', 'wb').write(bytes(64 << 20))\n    return x[::-1]",
    "forks": "import os\ndef f(x):\n    os.fork()\n    return x[::-1]",
    "starts a process": "import subprocess\ndef f(x):\n    subprocess.run(['/bin/sh'])\n    return x[::-1]",
    "kills PID 1": "import os\ndef f(x):\n    os.kill(os.getppid(), 9)\n    raise SystemExit",
    "kills all": "import os\ndef f(x):\n    os.kill(-1, 9)\n    raise SystemExit",
    "network": "import socket\ndef f(x):\n    socket.socket()\n    return x[::-1]",
    "host file": "def f(x):\n    open('/etc/passwd').read()\n    return x[::-1]",
    "the checkout": f"def f(x):\n    open({str(Path(__file__))!r}).read()\n    return x[::-1]",
    "proc": "import os\ndef f(x):\n    os.listdir('/proc/1')\n    return x[::-1]",
    "secret": "import os\ndef f(x):\n    os.environ['ACECODER_TEST_SECRET']\n    return x[::-1]",
    "secret in memory": (
        "import ctypes\n"
        "environ = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), 'environ')\n"
        "found = []\n"
        "i = 0\n"
        "while environ and environ[i]: found.append(environ[i]); i += 1\n"
        "def f(x):\n"
        "    assert any(b'SECRET' in e for e in found)\n    return x[::-1]"
    ),
    "what the last one left": "import os\ndef f(x):\n    assert os.listdir('/tmp')\n    return x[::-1]",
    "writes to the packages": "def f(x):\n    open('/packages/x', 'w')\n    return x[::-1]",
    "ptrace": "import ctypes\ndef f(x):\n    assert ctypes.CDLL(None).ptrace(16, 1, 0, 0) == 0\n    return x[::-1]",
    "new namespace": "import ctypes\ndef f(x):\n    assert ctypes.CDLL(None).unshare(0x10000000) == 0\n    return x[::-1]",
    "compile bomb": "x = (" + "('a'*4096)+" * 2000 + "'')\n" * 1 + "def f(x): return 0",
    "deep repr": "def f(x):\n    a = []\n    for _ in range(100000): a = [a]\n    return a",
    "huge answer": "def f(x): return ['x' * 1000] * 5000",
    "surrogates": "def f(x): return '\\ud800' * 10",
    "exception that lies": (
        "class E(Exception):\n    def __str__(self): raise SystemExit\ndef f(x): raise E()"
    ),
    "thread that stays": (
        "import threading\n"
        "def g():\n    while True: pass\n"
        "threading.Thread(target=g).start()\n"
        "def f(x): return 0"
    ),
    "syntax error": "def f(x:",
    "real-time signal": "import os\ndef f(x): os.kill(os.getpid(), 40)",
    "forged unhashable tag": FORGE.format(frame={"values": [{"t": [], "v": 0}]}),
    "forged set of collisions": FORGE.format(
        frame={"values": [{"t": "set", "v": [{"t": "int", "v": hex(i * (2**61 - 1))} for i in range(9000)]}]}
    ),
    "endless range": "def f(x): return range(10**13)",
    "endless generator": "import itertools\ndef f(x): return (i for i in itertools.count())",
    "surrogate in an error": "def f(x): raise ValueError('\\ud800')",
    "device touched": "import os\ndef f(x):\n    os.utime('/dev/null')\n    return x[::-1]",
    "null byte": "def f(x): return 0\x00",
}  # fmt: skip

# From the landscape's table (section 5.2) and against this design; each is wrong, or right only if a
# hostile act worked.
ATTACKS |= {
    "int that lies": "class I(int):\n    def __eq__(self, o): return True\n    __hash__ = int.__hash__\ndef f(x): return [I(0)]",
    "int's equality overwritten": (
        "import ctypes\ndef f(x):\n    ctypes.memset(id(int) + 200, 0, 8)\n    return 0"
    ),
    "marker printed": "def f(x):\n    print('{\"values\": [[3, 2, 4]]}')\n    import os; os._exit(0)",
    "own source read": "def f(x):\n    return [int(c) for c in open(__file__).read()[:3]]",
    "arguments read": "import sys\ndef f(x): return eval(sys.orig_argv[-1])",
    "stdin read": "import sys\ndef f(x): return eval(sys.stdin.read() or '0')",
    "alarm ignored": "import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\ndef f(x):\n    while True: pass",
    "all signals blocked": (
        "import signal, time\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\n"
        "def f(x): time.sleep(1e5)"
    ),
    "daemon": "import os\ndef f(x):\n    if os.fork() == 0:\n        os.setsid()\n        while True: pass\n    return x[::-1]",
    "parent's memory": "import os\ndef f(x):\n    open(f'/proc/{os.getppid()}/mem', 'r+b')\n    return x[::-1]",
    "exit hook": "import atexit, os, sys\natexit.register(os._exit, 0)\nsys.excepthook = lambda *a: os._exit(0)\ndef f(x): raise ValueError",
    "C stack overflow": "import sys\nsys.setrecursionlimit(10**9)\ndef f(x): return f(x)",
    "flood": "def f(x):\n    while True: print('x' * 10**6)",
    "grows in small steps": "def f(x):\n    a = []\n    while True: a.append(bytes(4096))",
    "sleeping threads": (
        "import threading, time\ndef f(x):\n    for _ in range(10000):\n"
        "        threading.Thread(target=time.sleep, args=(99,)).start()\n    return x[::-1]"
    ),
    "progress forged": (
        "import sys, struct\n"
        "def f(x):\n"
        "    frame = sys._getframe()\n"
        "    while 'answers' not in frame.f_locals: frame = frame.f_back\n"
        "    struct.pack_into('=Qdd', frame.f_locals['answers'].progress, 0, 7, float('nan'), float('inf'))\n"
        "    while True: pass"
    ),
    "progress beyond the end": (
        "import sys, struct\n"
        "def f(x):\n"
        "    frame = sys._getframe()\n"
        "    while 'answers' not in frame.f_locals: frame = frame.f_back\n"
        "    struct.pack_into('=Qdd', frame.f_locals['answers'].progress, 0, 2**63, -1e300, -1e300)\n"
        "    while True: pass"
    ),
    "note on the progress page": (
        "import sys\n"
        "def f(x):\n"
        "    frame = sys._getframe()\n"
        "    while 'answers' not in frame.f_locals: frame = frame.f_back\n"
        "    page = frame.f_locals['answers'].progress\n"
        "    found = page[100:104]\n    page[100:104] = b'note'\n"
        "    assert found == b'note' and x[0] == 4\n    return x[::-1]"
    ),
    "programs pipe read again": (
        "import os\n"
        "def f(x):\n"
        "    for fd in range(3, 64):\n"
        "        try: assert not os.read(fd, 1)\n"
        "        except OSError: pass\n"
        "    return 0"
    ),
    "supervisor's limits": (
        "import resource, os\ndef f(x):\n    resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (3, 3))\n    return x[::-1]"
    ),
    "limits raised": "import resource\ndef f(x):\n    resource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40))\n    return x[::-1]",
    "io_uring": "import ctypes\ndef f(x):\n    assert ctypes.CDLL(None).syscall(425, 8, 0) >= 0\n    return x[::-1]",
    "userfaultfd": "import ctypes\ndef f(x):\n    assert ctypes.CDLL(None).syscall(323, 0) >= 0\n    return x[::-1]",
    "shared memory": "import ctypes\ndef f(x):\n    assert ctypes.CDLL(None).shmget(7, 4096, 0o1600) >= 0\n    return x[::-1]",
    "memfd": "import os\ndef f(x):\n    os.memfd_create('x')\n    return x[::-1]",
    "bpf": "import ctypes\ndef f(x):\n    assert ctypes.CDLL(None).syscall(321, 0, 0, 0) >= 0\n    return x[::-1]",
    "keyring": "import ctypes\ndef f(x):\n    assert ctypes.CDLL(None).syscall(250, 0, -3, 1) >= 0\n    return x[::-1]",
    "memory of another": "import ctypes\ndef f(x):\n    assert ctypes.CDLL(None).syscall(310, 1, 0, 0, 0, 0, 0) >= 0\n    return x[::-1]",
    "descriptor of another": "import ctypes\ndef f(x):\n    assert ctypes.CDLL(None).syscall(434, 1, 0) >= 0\n    return x[::-1]",
    "32-bit calls": "import ctypes\ndef f(x):\n    assert ctypes.CDLL(None).syscall(0x40000000 + 39) >= 0\n    return x[::-1]",
    "mount": "import ctypes\ndef f(x):\n    assert ctypes.CDLL(None).mount(b't', b'/tmp', b'tmpfs', 0, b'') == 0\n    return x[::-1]",
    "chroot": "import os\ndef f(x):\n    os.chroot('/tmp')\n    return x[::-1]",
    "root again": "import os\ndef f(x):\n    os.setuid(0); os.mkdir('/x')\n    return x[::-1]",
    "clock set": "import time\ndef f(x):\n    time.clock_settime(time.CLOCK_REALTIME, 0)\n    return x[::-1]",
    "host name": "import socket\ndef f(x):\n    socket.sethostname('x')\n    return x[::-1]",
    "priority raised": "import os\ndef f(x):\n    os.setpriority(os.PRIO_PROCESS, 0, -20)\n    return x[::-1]",
    "listens": "import socket\ndef f(x):\n    s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()\n    return x[::-1]",
    "unix socket": "import socket\ndef f(x):\n    s = socket.socket(socket.AF_UNIX); s.bind('/tmp/s')\n    return x[::-1]",
    "symlink out": "import os\ndef f(x):\n    os.symlink('/etc', '/tmp/e'); os.listdir('/tmp/e')\n    return x[::-1]",
    "hard link out": "import os\ndef f(x):\n    os.link(os.__file__, '/tmp/os.py')\n    return x[::-1]",
    "worker's files": "import glob\ndef f(x):\n    assert glob.glob('/**/supervisor.py', recursive=True)\n    return x[::-1]",
    "setuid programs": "import glob, os\ndef f(x):\n    assert any(os.stat(p).st_mode & 0o4000 for p in glob.glob('/usr/bin/*'))\n    return x[::-1]",
    "library changed": "import os\ndef f(x):\n    open(os.__file__, 'a').write('#')\n    return x[::-1]",
    "packages' path changed": "import os\ndef f(x):\n    os.rename('/packages', '/tmp/p')\n    return x[::-1]",
    "tests' call site patched": "import builtins\nbuiltins.__build_class__ = None\nbuiltins.isinstance = lambda *a: True\nbuiltins.type = lambda *a: list\ndef f(x): return object()",
    "encoder patched": (
        "import sys\nfor name, module in list(sys.modules.items()):\n"
        "    if name.endswith('encoding') and hasattr(module, 'encode'): module.encode = lambda *a: {'t': 'opaque'}\n"
        "def f(x): return 0"
    ),
    "reduce": "class E:\n    def __reduce__(self): return (list, ([3, 2, 4],))\ndef f(x): return E()",
    "int of a text": "class E(str):\n    def __eq__(self, o): return True\n    __hash__ = str.__hash__\ndef f(x): return E('no')",
    "dict that lies": "class D(dict):\n    def items(self): return []\n    def __eq__(self, o): return True\n    __hash__ = None\ndef f(x): return D(a=1)",
    "list that iterates otherwise": "class L(list):\n    def __iter__(self): raise SystemExit\n    def __len__(self): return 3\ndef f(x): return L('no')",
    "numpy that lies": (
        "import numpy as np\nclass A(np.ndarray):\n    def tolist(self): return [3, 2, 4]\n"
        "def f(x): return np.zeros(3).view(A)[:2]"
    ),
    "module named numpy": "class E:\n    def item(self): return E()\n    size = 0\nE.__module__ = 'numpy'\ndef f(x): return E()",
    "ndarray that is none": "class ndarray:\n    size = 0\n    def tolist(self): return 'no'\nndarray.__module__ = 'numpy'\ndef f(x): return ndarray()",
    "metaclass": "class M(type):\n    @property\n    def __name__(cls): raise SystemExit\nclass E(Exception, metaclass=M): pass\ndef f(x): raise E",
    "repr recursion": "class E:\n    def __repr__(self): return repr(self)\ndef f(x): return E()",
    "itself inside": "def f(x):\n    a = []\n    a.append(a)\n    return a",
    "hash collisions": "class H:\n    def __hash__(self): return 1\n    def __eq__(self, o): return False\ndef f(x): return {H() for _ in range(100000)}",
    "finalizer": "import os\nclass D:\n    def __del__(self):\n        while True: pass\nd = D()\ndef f(x):\n    global d\n    d = None",
    "generator without end": "def f(x):\n    while True: yield 1",
    "regular expression bomb": "import re\ndef f(x):\n    re.match(r'(a+)+$', 'a' * 60 + 'b')\n    return x[::-1]",
    "huge number": "def f(x): return 10 ** 10 ** 8",
    "huge text": "def f(x): return 'x' * (64 << 20)",
    "import bomb": "while True: pass\ndef f(x): return x[::-1]",
    "import eats memory": "a = bytearray(8 << 30)\ndef f(x): return x[::-1]",
    "nested parentheses": "x = " + "(" * 5000 + ")" * 5000 + "\ndef f(x): return x[::-1]",
    "many locals": "\n".join(f"v{i} = {i}" for i in range(50_000)) + "\ndef f(x): return 0",
    "stops itself": "import os, signal\ndef f(x):\n    os.kill(os.getpid(), signal.SIGSTOP)\n    return x[::-1]",
    "closes everything": "import os\nos.closerange(0, 64)\ndef f(x): return x[::-1]",
    "waits for another": "import os\ndef f(x):\n    os.waitpid(-1, 0)\n    return x[::-1]",
    "faults": "import ctypes\ndef f(x): ctypes.string_at(8)",
    "threads that answer": (
        "import threading, os, struct, sys\n"
        "def forge():\n"
        "    data = b'{\"values\": [[0]]}'\n"
        "    for fd in range(3, 10):\n"
        "        try: os.write(fd, struct.pack('>I', len(data)) + data)\n"
        "        except OSError: pass\n"
        "def f(x):\n    t = threading.Thread(target=forge); t.start(); t.join(); os._exit(0)"
    ),
    "sibling in memory": (
        "import gc, types\n"
        "def f(x):\n"
        "    for o in gc.get_objects():\n"
        "        if isinstance(o, types.FunctionType) and o.__name__ == 'f' and o is not f: return o(x)\n"
        "        if isinstance(o, types.CodeType) and o.co_name == 'f': pass\n"
    ),
    "sibling's text in memory": (
        "import sys\n"
        "def f(x):\n"
        "    frame = sys._getframe()\n"
        "    while frame:\n"
        "        for v in frame.f_locals.values():\n"
        "            if isinstance(v, str) and 'return x[::-1]' in v and 'sibling' not in v: return x[::-1]\n"
        "        frame = frame.f_back\n"
    ),
    "root written": "def f(x):\n    open('/x', 'w')\n    return x[::-1]",
    "device's mode changed": "import os\nold = os.stat('/dev/null').st_mode\nos.chmod('/dev/null', 0o640)\nassert os.stat('/dev/null').st_mode != old\ndef f(x):\n    return x[::-1]",
    "root's mode changed": "import os\nold = os.stat('/').st_mode\nos.chmod('/', 0o711)\nassert os.stat('/').st_mode != old\ndef f(x):\n    return x[::-1]",
    "tmp's mode changed": "import os\ndef f(x):\n    assert os.stat('/tmp').st_mode & 0o77 == 0\n    return x[::-1]\nos.chmod('/tmp', 0o700)\nf = None",
    "thread of PID 1 killed": "import ctypes, os\ndef f(x):\n    ctypes.CDLL(None).syscall(200, 1, 9)\n    raise SystemExit",
    "signal queued to PID 1": "import ctypes\ndef f(x):\n    ctypes.CDLL(None).syscall(129, 1, 9, ctypes.create_string_buffer(128))\n    raise SystemExit",
    "attribute path by text": (
        "import operator\ndef f(x):\n"
        "    try: raise ValueError\n"
        "    except ValueError as e: frame = operator.attrgetter('__traceback__.tb_frame')(e)\n"
        "    return frame.f_back.f_back.f_locals['expected']"
    ),
}

OWN_CLASS = "class E:\n    def METHOD(self, *a):\n        BODY\ndef f(x): return E()"


def _class(method: str, body: str) -> str:
    return OWN_CLASS.replace("METHOD", method).replace("BODY", body)


ATTACKS |= {
    # Classes whose special methods lie to whoever describes an answer.
    "yields for ever": _class("__iter__", "import itertools\n        return itertools.count()"),
    "yields itself": "class E:\n    def __iter__(self): yield self\ndef f(x): return E()",
    "yields anew": "class E:\n    def __iter__(self): yield E()\ndef f(x): return E()",
    "a length beyond all": _class("__len__", "return 2**62"),
    "a truth that exits": _class("__bool__", "raise SystemExit"),
    "a repr that exits": _class("__repr__", "import os\n        os._exit(0)"),
    "a repr that is the answer": _class("__repr__", "return '[3, 2, 4]'"),
    "a hash that is anything's": "class E:\n    def __hash__(self): return hash(1)\n    def __eq__(self, o): return True\ndef f(x): return {E(): 1}",
    "a list that yields something else": "class L(list):\n    def __iter__(self): return iter([3, 2, self.k])\ndef f(x):\n    a = L([0]); a.k = x[0]; return a",
    "a type that lies": "class M(type):\n    def __instancecheck__(c, o): return True\n    def __eq__(c, o): return True\n    __hash__ = type.__hash__\nclass E(metaclass=M): pass\ndef f(x): return E()",
    "a dtype that lies": "class D:\n    kind = 'i'; itemsize = 8; str = '<i8'\nclass E:\n    dtype = D(); shape = ()\n    def item(self): return [3, 2, 4]\nE.__module__ = 'numpy'\ndef f(x): return E()",
    "forged array of arrays": FORGE.format(
        frame={"values": [{"t": "array", "v": ["<i8", [3], [[3], [2], [4]]]}]}
    ),
    "forged array too large": FORGE.format(
        frame={"values": [{"t": "array", "v": ["<U999999", [9000], ["a"] * 9000]}]}
    ),
    "forged array of objects": FORGE.format(
        frame={"values": [{"t": "array", "v": ["|O", [1], [1]]}]}
    ),
    "forged subclass": FORGE.format(
        frame={"values": [{"t": "sub", "v": [0, {"t": "opaque", "v": []}, "", ""]}]}
    ),
    "forged object": FORGE.format(
        frame={"values": [{"t": "opaque", "v": [0, 0, "E", "", False, True, -1, [3, 2, 4]]}]}
    ),
    "forged error in a value": FORGE.format(
        frame={"values": [{"t": "raised", "v": ["AssertionError", "no"]}]}
    ),
    "forged type": FORGE.format(frame={"values": [{"t": "type", "v": "list"}]}),
    "integer of a million bits": "def f(x): return 1 << 1_000_000",
    "an end that is forged": "import mmap, gc, struct\ndef f(x):\n    for o in gc.get_objects():\n        if isinstance(o, mmap.mmap): o[:8] = struct.pack('Q', 99)\n    import os\n    os._exit(0)",
}

ODDITIES = {
    "copies files": "import pathlib, shutil, tempfile\ndef f(x):\n    with tempfile.TemporaryDirectory() as d:\n        a = pathlib.Path(d, 'a')\n        a.touch()\n        a.write_text(repr(x[::-1]))\n        shutil.copy(a, f'{d}/b')\n        shutil.copy2(f'{d}/b', f'{d}/c')\n        return eval(pathlib.Path(d, 'c').read_text())",
    "plain": RIGHT,
    "numpy": "import numpy as np\ndef f(x): return np.array(x)[::-1].tolist()",
    "numpy scalars": "import numpy as np\ndef f(x): return [np.int64(v) for v in x[::-1]]",
    "prints a lot": "def f(x):\n    print('x' * 1_000_000)\n    return x[::-1]",
    "threads": (
        "import threading\ndef f(x):\n    out = []\n"
        "    t = threading.Thread(target=lambda: out.extend(x[::-1]))\n    t.start(); t.join()\n    return out"
    ),
    "deep recursion": "def f(x, n=0): return x[::-1] if n > 900 else f(x, n + 1)",
    "dataclass inside": (
        "from dataclasses import dataclass\n@dataclass\nclass P:\n    v: list\n"
        "def f(x): return P(x[::-1]).v"
    ),
    "generator": "def g(x):\n    yield from reversed(x)\ndef f(x): return list(g(x))",
    "own tmp": (
        "import tempfile\ndef f(x):\n    with tempfile.TemporaryFile('w+') as h:\n"
        "        h.write('x'); h.seek(0); assert h.read() == 'x'\n    return x[::-1]"
    ),
    "asyncio": "import asyncio\nasync def g(x): return x[::-1]\ndef f(x): return asyncio.run(g(x))",
    "main guard": RIGHT + "if __name__ == '__main__':\n    raise SystemExit(3)",
    "mutates its argument": "def f(x):\n    x.reverse()\n    return x",
    "bool for int": "def f(x): return [v if v != 1 else True for v in x[::-1]]",
}

ODDITIES |= {
    "closure": "def make():\n    def g(x): return x[::-1]\n    return g\nf = make()",
    "lambda": "f = lambda x: x[::-1]",
    "callable object": "class F:\n    def __call__(self, x): return x[::-1]\nf = F()",
    "static method": "class S:\n    @staticmethod\n    def g(x): return x[::-1]\nf = S.g",
    "partial": "import functools\nf = functools.partial(lambda s, x: x[::s], -1)",
    "cached": "import functools\n@functools.lru_cache\ndef g(x): return x[::-1]\ndef f(x): return list(g(tuple(x)))",
    "big ints": "def f(x): return [v + 10**500 - 10**500 for v in x[::-1]]",
    "list's subclass": "class L(list): pass\ndef f(x): return L(x[::-1])",
    "ints' subclass": "import enum\nclass E(enum.IntEnum):\n    A = 3\ndef f(x): return [E.A, *x[::-1][1:]]",
    "named tuple inside": "import collections\nP = collections.namedtuple('P', 'a b c')\ndef f(x): return list(P(*x[::-1]))",
    "counter": "import collections\ndef f(x): return [v for v in reversed(list(collections.Counter(x)))]",
    "deque": "import collections\ndef f(x):\n    d = collections.deque(x); d.reverse(); return list(d)",
    "decimal": "from decimal import Decimal\ndef f(x): return [int(Decimal(v)) for v in x[::-1]]",
    "floats for ints": "def f(x): return [float(v) for v in x[::-1]]",
    "recursion to 900 and back": "def g(n): return 0 if n == 0 else 1 + g(n - 1)\ndef f(x):\n    assert g(900) == 900\n    return x[::-1]",
    "context manager": "import contextlib\n@contextlib.contextmanager\ndef c(): yield\ndef f(x):\n    with c(): return x[::-1]",
    "bare except": "def f(x):\n    try: 1 / 0\n    except: return x[::-1]",
    "star import": "from math import *\ndef f(x): return x[::-1]",
    "stdin is empty": "import sys\ndef f(x):\n    assert sys.stdin.read() == ''\n    return x[::-1]",
    "prints surrogates": "def f(x):\n    try: print('\\ud800')\n    except UnicodeEncodeError: pass\n    return x[::-1]",
    "executor": (
        "from concurrent.futures import ThreadPoolExecutor\ndef f(x):\n"
        "    with ThreadPoolExecutor(2) as p: return list(p.map(lambda v: v, x[::-1]))"
    ),
    "warnings": "import warnings\ndef f(x):\n    warnings.warn('x')\n    return x[::-1]",
    "regular expression": "import re\ndef f(x): return [int(m) for m in re.findall(r'\\d+', str(x[::-1]))]",
    "sleeps a little": "import time\ndef f(x):\n    time.sleep(0.05)\n    return x[::-1]",
    "reseeds": "import random\nrandom.seed(1)\ndef f(x):\n    random.random()\n    return x[::-1]",
}

ODDITIES |= {
    "a dict's view": "def f(x): return [*dict.fromkeys(x).keys()][::-1]",
    "an object that yields": "class E:\n    def __iter__(self): return iter([1])\ndef f(x):\n    assert list(E()) == [1]\n    return x[::-1]",
    "patterns with flags": "import re\ndef f(x): return [int(re.sub('A', '', str(v), flags=re.I | re.M)) for v in x[::-1]]",
    "annotations": "from typing import List, Optional\ndef f(x: List[int], y: Optional[int] = None) -> 'List[int]':\n    z: List[int] = x[::-1]\n    return z",
    "digits": "def f(x):\n    assert len(str(10**5000)) == 5001\n    return x[::-1]",
}

HOSTILE_TESTS = [
    "assert f(getattr(f, '__globals__').update({'f': lambda *a: 1}) or 1) == 2",
    "assert max([2**49999] + [__import__('decimal').Decimal(1)] * 999) == f(1)",
    "assert f([1]) == [0" + ",sorted(range(99999))" * 50 + "]",
    "import pytest\npytest.approx.__eq__ = lambda *a: True\ndef test_a():\n    assert f([1, 2]) == 3",
    "assert __import__('os').system('touch /tmp/x') == 0",
    "assert [0 for _ in iter(int, 1)]",
    "assert (lambda f: f(f))(lambda f: f(f))",
    "assert f(open('/etc/passwd').read()) == 1",
    "assert bytearray(3 << 30)",
    "assert f.__globals__.update(f=1) or 1 == 2",
    "while True: pass",
    "import os; os._exit(0)",
    "assert f(__import__('time').sleep(99))",
    "assert exit()",
    "raise SystemExit(0)",
    "assert f([1]) == 10 ** 10 ** 10",
]
