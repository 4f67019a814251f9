"""Which programs may share a process: those that can neither see nor change anything beyond their
own namespace and the plain data they are given.

An allow list of syntax, names, attributes and modules: what nobody thought of is refused, and a
program that is refused is run in a process of its own. So it is no sandbox and is not trusted as
one: it stands inside one, and a random share of what it let through is run again apart and must
agree (`units`). Refused on purpose: classes and every store to an attribute (they could change a
library's class for the next program), dunders, introspection, text that becomes an attribute
(`str.format`, `attrgetter`), global state of libraries (`random`, `decimal`, `sys`). What libraries
share and look up by equality is refused as well, for `1 == True` makes a note of it: names of `typing`
stand in annotations alone, where nobody reads what they became, and the functions of `re` are called
with flags that are written out.
"""

import ast
import builtins

MODULES = {
    "bisect": {"bisect", "bisect_left", "bisect_right", "insort", "insort_left", "insort_right"},
    "collections": {"Counter", "OrderedDict", "defaultdict", "deque"},
    "copy": {"copy", "deepcopy"},
    "functools": {"cache", "cmp_to_key", "lru_cache", "partial", "reduce"},
    "heapq": {
        "heapify", "heappop", "heappush", "heappushpop", "heapreplace", "merge", "nlargest",
        "nsmallest",
    },
    "itertools": {
        "accumulate", "chain", "combinations", "combinations_with_replacement", "compress", "count",
        "cycle", "dropwhile", "filterfalse", "groupby", "islice", "pairwise", "permutations",
        "product", "repeat", "starmap", "takewhile", "tee", "zip_longest", "from_iterable",
    },
    "math": {
        "acos", "asin", "atan", "atan2", "ceil", "comb", "copysign", "cos", "degrees", "dist", "e",
        "erf", "exp", "fabs", "factorial", "floor", "fmod", "fsum", "gcd", "hypot", "inf",
        "isclose", "isfinite", "isinf", "isnan", "isqrt", "lcm", "log", "log10", "log1p", "log2",
        "modf", "nan", "perm", "pi", "pow", "prod", "radians", "sin", "sqrt", "tan", "tau", "trunc",
    },
    "operator": {
        "add", "and_", "eq", "floordiv", "ge", "gt", "itemgetter", "le", "lt", "mod", "mul", "ne",
        "neg", "or_", "sub", "truediv", "xor",
    },
    "re": {
        "DOTALL", "I", "IGNORECASE", "M", "MULTILINE", "S", "compile", "escape", "findall",
        "finditer", "fullmatch", "match", "search", "split", "sub", "subn",
    },
    "string": {
        "ascii_letters", "ascii_lowercase", "ascii_uppercase", "digits", "hexdigits", "octdigits",
        "printable", "punctuation", "whitespace",
    },
    "typing": {
        "Any", "Callable", "Deque", "Dict", "FrozenSet", "Generator", "Iterable", "Iterator",
        "List", "Optional", "Sequence", "Set", "Tuple", "Union",
    },
}  # fmt: skip
"""Modules and what may be taken from each. A module itself is no value: only `module.name`."""

METHODS = frozenset(
    # str and bytes, without format and format_map: they read attributes named in a text
    "capitalize casefold center count decode encode endswith expandtabs find hex index isalnum "
    "isalpha isascii isdecimal isdigit isidentifier islower isnumeric isprintable isspace istitle "
    "isupper join ljust lower lstrip maketrans partition removeprefix removesuffix replace rfind "
    "rindex rjust rpartition rsplit rstrip split splitlines startswith strip swapcase title "
    "translate upper zfill "
    # list, deque, dict, set, Counter, OrderedDict
    "append appendleft clear copy extend extendleft insert pop popleft remove reverse rotate sort "
    "fromkeys get items keys popitem setdefault update values elements most_common subtract "
    "move_to_end add difference difference_update discard intersection intersection_update "
    "isdisjoint issubset issuperset symmetric_difference union maxlen "
    # numbers, ranges, slices, exceptions
    "as_integer_ratio bit_count bit_length conjugate from_bytes is_integer real imag start step "
    "stop to_bytes args "
    # matches and patterns
    "end findall finditer fullmatch group groupdict groups match search span sub subn "
    # caches
    "cache_clear".split()
)
BUILTINS = frozenset(
    "abs all any ascii bin bool bytearray bytes callable chr complex dict divmod enumerate filter "
    "float frozenset hex int isinstance iter len list map max min next oct ord pow print range "
    "repr reversed round set slice sorted str sum tuple zip True False None "
    "ArithmeticError AssertionError AttributeError Exception IndexError KeyError LookupError "
    "NameError NotImplementedError OverflowError RuntimeError StopIteration TypeError ValueError "
    "ZeroDivisionError".split()
)
_REFUSED_BUILTINS = frozenset(dir(builtins)) - BUILTINS
_NODES = (
    ast.Module, ast.FunctionDef, ast.Return, ast.Delete, ast.Assign, ast.AugAssign, ast.AnnAssign,
    ast.For, ast.While, ast.If, ast.Raise, ast.Try, ast.Assert, ast.Import, ast.ImportFrom,
    ast.Global, ast.Nonlocal, ast.Expr, ast.Pass, ast.Break, ast.Continue, ast.BoolOp,
    ast.NamedExpr, ast.BinOp, ast.UnaryOp, ast.Lambda, ast.IfExp, ast.Dict, ast.Set, ast.ListComp,
    ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Yield, ast.YieldFrom, ast.Compare, ast.Call,
    ast.FormattedValue, ast.JoinedStr, ast.Constant, ast.Attribute, ast.Subscript, ast.Starred,
    ast.Name, ast.List, ast.Tuple, ast.Slice, ast.ExceptHandler, ast.arguments, ast.arg,
    ast.keyword, ast.alias, ast.comprehension, ast.expr_context, ast.boolop, ast.operator,
    ast.unaryop, ast.cmpop,
)  # fmt: skip
MAX_CHARACTERS = 20_000
FLAGS_AT = {
    "compile": 1, "findall": 2, "finditer": 2, "fullmatch": 2, "match": 2, "search": 2, "split": 3,
    "sub": 4, "subn": 4,
}  # fmt: skip
"""Where the functions of `re` take flags, which are a part of what their cache is looked up by."""
FLAGS = frozenset({"DOTALL", "I", "IGNORECASE", "M", "MULTILINE", "S"})


def why_impure(tree: ast.AST) -> str:
    """Empty where the program may share a process, else what it would do."""
    reason = _dunder(tree)
    if reason:
        return reason
    bound = _bound_names(tree)
    modules = _imported(tree)
    if isinstance(modules, str):
        return modules
    if bound & modules.keys():
        return "binds a module's name again"
    reason = _shared_caches(tree, modules)
    if reason:
        return reason
    # A name the program binds somewhere is still Python's own wherever that did not happen.
    names = _Names(BUILTINS | (bound - _REFUSED_BUILTINS), modules)
    for node in ast.walk(tree):  # parents first: `module.name` before `module`
        reason = names.why_refused(node)
        if reason:
            return reason
    return ""


def _dunder(tree: ast.AST) -> str:
    """Names with two underscores, wherever syntax has room for one: an import, a parameter or a
    function called `__builtins__` would change what every other name means."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            continue
        for _, value in ast.iter_fields(node):
            for text in value if isinstance(value, list) else (value,):
                if isinstance(text, str) and text.startswith("__"):
                    return f"has {text}"
    return ""


def _shared_caches(tree: ast.AST, modules: dict[str, str]) -> str:
    """Does it use what a library keeps for all programs in a way that another could read?"""
    names = _names_of(tree, modules)
    if not names:
        return ""
    allowed: set[int] = set()
    for node in ast.walk(tree):
        for annotation in _annotations(node):
            if not _is_type(annotation):
                return "computes an annotation"
            allowed.update(map(id, ast.walk(annotation)))
        if isinstance(node, ast.Call) and names.get(_spelled(node.func), "").startswith("re."):
            function = names[_spelled(node.func)][3:]
            if not _plain_flags(node, FLAGS_AT.get(function, 99), names):
                return f"calls re.{function} with flags that it computes"
            allowed.update(map(id, ast.walk(node.func)))
            allowed.update(id(part) for flag in _flags(node, function) for part in ast.walk(flag))
    for node in ast.walk(tree):
        name = names.get(_spelled(node), "") if id(node) not in allowed else ""
        if name.startswith("typing.") or (name.startswith("re.") and name != "re.escape"):
            return f"uses {name} as a value"
    return ""


def _names_of(tree: ast.AST, modules: dict[str, str]) -> dict[str, str]:
    """What of `typing` and `re` goes by which name: `Optional`, `t.Optional`, `re.sub`."""
    names = {
        f"{alias}.{name}": f"{module}.{name}"
        for alias, module in modules.items()
        if module in ("re", "typing")
        for name in MODULES[module]
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in ("re", "typing"):
            names |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    return names


def _spelled(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _annotations(node: ast.AST) -> list[ast.expr]:
    found = []
    if isinstance(node, ast.arg):
        found = [node.annotation]
    elif isinstance(node, ast.AnnAssign):
        found = [node.annotation]
    elif isinstance(node, ast.FunctionDef):
        found = [node.returns]
    return [each for each in found if each is not None]


def _is_type(annotation: ast.expr) -> bool:
    """Is it a name, a text, or names in brackets, and nothing that is computed?"""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return True
    parts = (
        ast.Name, ast.Attribute, ast.Subscript, ast.Tuple, ast.List, ast.BinOp, ast.BitOr, ast.Load,
    )  # fmt: skip
    return all(
        isinstance(part, parts)
        or (isinstance(part, ast.Constant) and (part.value is None or part.value is ...))
        for part in ast.walk(annotation)
    )


def _flags(node: ast.Call, function: str) -> list[ast.expr]:
    named = [keyword.value for keyword in node.keywords if keyword.arg == "flags"]
    return node.args[FLAGS_AT.get(function, 99) :] + named


def _plain_flags(node: ast.Call, at: int, names: dict[str, str]) -> bool:
    """Are the flags names of flags, and can nothing else become one?"""
    if any(isinstance(argument, ast.Starred) for argument in node.args):
        return False
    if any(keyword.arg is None for keyword in node.keywords):
        return False
    flags = node.args[at:] + [k.value for k in node.keywords if k.arg == "flags"]
    return all(_is_flag(flag, names) for flag in flags)


def _is_flag(node: ast.expr, names: dict[str, str]) -> bool:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _is_flag(node.left, names) and _is_flag(node.right, names)
    module, _, flag = names.get(_spelled(node), "").partition(".")
    return module == "re" and flag in FLAGS


class _Names:
    """Looks at one node at a time, with the names that may be used and the modules imported."""

    def __init__(self, allowed: frozenset[str], modules: dict[str, str]) -> None:
        self.allowed, self.modules = allowed, modules
        self.qualified: set[int] = (
            set()
        )  # the `module` of a `module.name`, which is no value by itself

    def why_refused(self, node: ast.AST) -> str:
        if not isinstance(node, _NODES):
            return f"has {type(node).__name__}"
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        if isinstance(node, ast.Name):
            return self._name(node)
        if isinstance(node, ast.keyword) and (node.arg or "").startswith("__"):
            return f"passes {node.arg}"
        return ""

    def _attribute(self, node: ast.Attribute) -> str:
        if not isinstance(node.ctx, ast.Load):
            return "stores to an attribute"
        owner = node.value
        if isinstance(owner, ast.Name) and owner.id in self.modules:
            self.qualified.add(id(owner))
            known = node.attr in MODULES[self.modules[owner.id]]
            return "" if known else f"uses {owner.id}.{node.attr}"
        known = node.attr in METHODS or node.attr == "from_iterable"
        return "" if known else f"uses .{node.attr}"

    def _name(self, node: ast.Name) -> str:
        if node.id in self.modules:
            return "" if id(node) in self.qualified else f"uses the module {node.id} as a value"
        allowed = node.id in self.allowed and not node.id.startswith("__")
        return "" if allowed else f"uses {node.id}"


def why_call_impure(tree: ast.AST) -> str:
    """The same of a test's call, whose other names are the program's own."""
    reason = _dunder(tree)
    if reason:
        return reason
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Expression, *_NODES)):
            return f"has {type(node).__name__}"
        if isinstance(node, ast.Attribute) and node.attr not in METHODS:
            return f"uses .{node.attr}"
        if isinstance(node, ast.Name) and node.id not in BUILTINS:
            if node.id.startswith("__") or node.id in _REFUSED_BUILTINS:
                return f"uses {node.id}"
        if isinstance(node, ast.keyword) and (node.arg or "").startswith("__"):
            return f"passes {node.arg}"
    return ""


def _bound_names(tree: ast.AST) -> set[str]:
    """Names the program gives a value itself, anywhere."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            names.add(node.name)
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            names.update(node.names)
        elif isinstance(node, ast.ImportFrom):
            names.update(alias.asname or alias.name for alias in node.names)
    return {name for name in names if not name.startswith("__")}


def _imported(tree: ast.AST) -> "dict[str, str] | str":
    """Modules by the name they go by; a text where one may not be imported."""
    modules = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name not in MODULES:
                    return f"imports {alias.name}"
                modules[alias.asname or alias.name] = alias.name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if node.level or alias.name not in MODULES.get(node.module or "", ()):
                    return f"imports {node.module}.{alias.name}"
    return modules
