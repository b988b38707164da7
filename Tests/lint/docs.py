#!/usr/bin/env python3
"""Checks what README.md and docs/*.md promise: relative links, `make` targets, and options of the command line.

    docs.py [--binary .build/release/onnx-shrink]
"""
import argparse, pathlib, re, subprocess, sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SUBCOMMANDS = ("shrink", "inspect", "verify", "run", "stats", "merge", "convert")


def known_options(binary):
    """Every --option that some help text names."""
    text = ""
    for command in ((), *((s,) for s in SUBCOMMANDS)):
        text += subprocess.run([binary, *command, "--help"], capture_output=True, text=True).stdout
    return set(re.findall(r"--[a-z][a-z0-9-]*", text)) | {"--help", "--version"}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", type=pathlib.Path)
    options = parser.parse_args()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    known = known_options(options.binary) if options.binary else None
    failures = []
    pages = [p for p in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "fixtures/README.md") if p.exists()]
    for page in pages:
        for number, line in enumerate(page.read_text().split("\n"), 1):
            where = f"{page.relative_to(ROOT)}:{number}"
            for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", line):
                if "://" not in link and not link.startswith("mailto:") and not (page.parent / link).exists():
                    failures.append(f"{where}: link to {link}, which does not exist")
            for target in re.findall(r"`make ([a-z-]+)", line):
                if target not in targets:
                    failures.append(f"{where}: the Makefile has no target {target}")
            if known is not None and "onnx-shrink" in line:
                for option in re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", line):
                    if option not in known:
                        failures.append(f"{where}: no help text names {option}")
    print("\n".join(failures + [f"docs: {len(pages)} pages, {len(failures)} failures"]))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
