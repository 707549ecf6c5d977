"""What figures depend on: the machine, its load, and versions."""
import datetime
import os
import platform
import re
import subprocess


def text(path):
    try:
        with open(path) as f:
            return f.read()
    except OSError:
        return ""


def output(*command, cwd=None):
    try:
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True).stdout.strip()
    except OSError:
        return ""


def load():
    return round(os.getloadavg()[0], 2)


def packages(python):
    """Versions of what a peer's environment holds."""
    names = ("crypten", "torch", "spu", "jax", "numpy")
    script = ("import importlib.metadata as m\n"
              f"for n in {names!r}:\n"
              "  try: print(n, m.version(n))\n"
              "  except m.PackageNotFoundError: pass\n")
    return dict(line.split() for line in output(python, "-c", script).splitlines())


def describe(cache, root):
    found = re.search(r"model name\s*:\s*(.*)", text("/proc/cpuinfo"))
    memory = re.search(r"MemTotal:\s*(\d+)", text("/proc/meminfo"))
    system = re.search(r'PRETTY_NAME="(.*)"', text("/etc/os-release"))
    swift = re.search(r"Swift version (\S+)", output("swift", "--version"))
    changed = output("git", "status", "--porcelain", "--untracked-files=no", "--", "Sources", cwd=root)
    return {
        "machine": {
            "cpu": found.group(1).strip() if found else platform.processor(),
            "cores": len(os.sched_getaffinity(0)),
            "memory_gib": round(int(memory.group(1)) / 2**20) if memory else None,
            "system": system.group(1) if system else platform.system(),
            "kernel": platform.release().split("-")[0],
        },
        "versions": {
            "tacit": output("git", "rev-parse", "--short", "HEAD", cwd=root) + (" and changes" if changed else ""),
            "swift": swift.group(1) if swift else "",
            "crypten": packages(os.path.join(cache, "crypten", "bin", "python")),
            "spu": packages(os.path.join(cache, "spu", "bin", "python")),
        },
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "load_start": load(),
    }
