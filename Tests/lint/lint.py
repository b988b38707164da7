#!/usr/bin/env python3
"""House rules that the formatter does not know. Run from anywhere; prints one line a finding, exits 1 if any fails.

  - a Swift file has at most 500 lines, a function at most 80 (above 40 it is reported only)
  - every source in Ops/, Methods/ and Simplify/ has a test file of its name
  - a target imports only what Package.swift declares for it; a test target also what those targets declare
  - `public` stands in Sources/OnnxShrink only; nothing below the command line prints or reads the environment
  - no file names a folder of somebody's machine
"""
import json, pathlib, re, subprocess, sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILE_LIMIT, FUNCTION_NOTE, FUNCTION_LIMIT = 500, 40, 80
TESTED_FOLDERS = {"Ops", "Methods", "Simplify"}
MACHINE_PATH = re.compile(r"(?<![\w.$}>)*~-])/(?:work|farm|root|tmp|home)/")
IMPORT = re.compile(r"^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+"
                    r"(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)")
FUNCTION = re.compile(r"^\s*(?:(?:@\w+(?:\([^)]*\))?|[a-z]+(?:\(set\))?)\s+)*(?:func\s+(\S+?)\s*[(<]|(init)\??\s*[(<]|(subscript)\s*[(<])")


def blanked(text):
    """The text with comments and string contents replaced by spaces, newlines kept."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|#+".*?"#+|"""(?:\\.|.)*?"""|"(?:\\\((?:[^()\n]|\([^()\n]*\))*\)|\\.|[^"\\\n])*"', re.S)
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def functions(code):
    """Yields name, first line and number of lines of every function with a body."""
    lines = code.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    for number, line in enumerate(lines):
        match = FUNCTION.match(line)
        if not match:
            continue
        depth = parens = 0
        opened = False
        for at in range(starts[number] + match.end() - 1, len(code)):
            character = code[at]
            if character in "([":
                parens += 1
            elif character in ")]":
                parens -= 1
            elif parens == 0 and character == "{":
                opened, depth = True, depth + 1
            elif parens == 0 and character == "}":
                depth -= 1
                if depth <= 0:
                    break
            elif parens == 0 and not opened and character == "\n" and FUNCTION.match(code[at + 1:].split("\n", 1)[0]):
                break
        if opened and depth == 0:
            yield next(g for g in match.groups() if g), number + 1, code.count("\n", 0, at) - number + 1


def check_sizes(path, code, fail, note):
    lines = code.count("\n")
    if lines > FILE_LIMIT:
        fail(path, 1, f"{lines} lines, at most {FILE_LIMIT}: split it by idea")
    for name, line, length in functions(code):
        if length > FUNCTION_LIMIT:
            fail(path, line, f"'{name}' has {length} lines, at most {FUNCTION_LIMIT}: name its steps")
        elif length > FUNCTION_NOTE:
            note(path, line, f"'{name}' has {length} lines, aim at 10")


def check_tests(sources, fail):
    tests = {p.name for p in (ROOT / "Tests").rglob("*Tests.swift")}
    for path in sources:
        if path.parent.name in TESTED_FOLDERS and path.stem + "Tests.swift" not in tests:
            fail(path, 1, f"has no test file; write {path.stem}Tests.swift")


def declared_targets():
    """Name -> (folder, declared module names), from the manifest."""
    dump = subprocess.run(["swift", "package", "dump-package"], cwd=ROOT, capture_output=True, text=True)
    if dump.returncode:
        sys.exit(f"lint: swift package dump-package failed:\n{dump.stderr}")
    result = {}
    for target in json.loads(dump.stdout)["targets"]:
        names = [(d.get("byName") or d.get("target") or d.get("product"))[0] for d in target["dependencies"]]
        folder = target.get("path") or ("Tests/" if target["type"] == "test" else "Sources/") + target["name"]
        result[target["name"]] = (ROOT / folder, {n.replace("-", "_") for n in names})
    return result


def reachable(names, targets):
    """The declared names and all that those declare in turn."""
    result, open_ends = set(), set(names)
    while open_ends:
        result |= open_ends
        open_ends = {d for n in open_ends if n in targets for d in targets[n][1]} - result
    return result


def check_imports(sources, fail):
    targets = declared_targets()
    known = {n.replace("-", "_") for n in targets} | {"ArgumentParser"}
    for name, (folder, declared) in targets.items():
        if ROOT / "Tests" in folder.parents:
            declared = reachable(declared, targets)
        for path in sources:
            if folder not in path.parents:
                continue
            for number, line in enumerate(path.read_text().split("\n"), 1):
                match = IMPORT.match(line)
                if match and match[1] in known and match[1] not in declared:
                    fail(path, number, f"imports {match[1]}, which Package.swift does not declare for {name}")


def check_access(path, code, fail):
    target = path.relative_to(ROOT).parts[1]
    for number, line in enumerate(code.split("\n"), 1):
        if target != "OnnxShrink" and re.match(r"\s*(?:@\w+\s+)*public\s", line):
            fail(path, number, "public; only Sources/OnnxShrink is, use package")
        if target != "onnx-shrink" and re.search(r"(?<![\w.])(?:print|debugPrint|dump)\(|\.processInfo\.environment|\bgetenv\(", line):
            fail(path, number, "prints or reads the environment; only the command line does")


def check_paths(fail):
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            cwd=ROOT, capture_output=True, text=True)
    paths = [p for p in listed.stdout.split("\0") if p]
    for name in paths:
        path = ROOT / name
        if path.is_symlink() or not path.is_file() or path.name == "LICENSE":
            continue
        data = path.read_bytes()
        if b"\0" in data[:8192]:
            continue
        for number, line in enumerate(data.decode("utf-8", "replace").split("\n"), 1):
            match = MACHINE_PATH.search(line)
            if match:
                fail(path, number, f"names a folder of one machine: {match.group()}")


def main():
    failures, notes = [], []
    fail = lambda path, line, text: failures.append(f"{path.relative_to(ROOT)}:{line}: {text}")
    note = lambda path, line, text: notes.append(f"{path.relative_to(ROOT)}:{line}: note: {text}")
    sources = sorted(p for top in ("Sources", "Tests") for p in (ROOT / top).rglob("*.swift"))
    for path in sources:
        code = blanked(path.read_text())
        check_sizes(path, code, fail, note)
        if path.relative_to(ROOT).parts[0] == "Sources":
            check_access(path, code, fail)
    check_tests([p for p in sources if p.relative_to(ROOT).parts[0] == "Sources"], fail)
    check_imports(sources, fail)
    check_paths(fail)
    print("\n".join(notes + failures + [f"lint: {len(sources)} Swift files, {len(notes)} notes, {len(failures)} failures"]))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
