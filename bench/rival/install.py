"""Fills the cache folder of the rival benchmark: a Python environment with the pinned packages, and its models."""

import hashlib
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
NEEDED_BYTES = 10 * 10**9


def default_cache():
    return os.path.join(os.path.expanduser("~"), ".cache", "jackdaw-rival")


def stamp_of(minilm):
    digest = hashlib.sha256(minilm.encode())
    for name in ("requirements.txt", "build_models.py"):
        with open(os.path.join(HERE, name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def run(*command, **options):
    if subprocess.run(command, stdin=subprocess.DEVNULL, **options).returncode != 0:
        sys.exit(f"rival: {' '.join(command)} failed. Run the same command again once its message above is dealt with.")


def python_of(cache):
    return os.path.join(cache, "venv", "bin", "python")


def install(cache, minilm):
    """True when everything is in place; False, with a line that says why, when there is no room for it."""
    stamp_path, stamp = os.path.join(cache, "stamp"), stamp_of(minilm)
    if os.path.exists(stamp_path):
        with open(stamp_path, encoding="ascii") as file:
            if file.read() == stamp:
                return True
    os.makedirs(cache, exist_ok=True)
    free = shutil.disk_usage(cache).free
    if free < NEEDED_BYTES:
        print(f"skipped: the Python stack needs about 6 GB and 10 GB free; {cache} has {free / 10**9:.1f} GB")
        return False
    if not os.path.exists(os.path.join(minilm, "model.safetensors")):
        sys.exit(f"rival: {minilm} holds no model.safetensors. Fetch it with tools/fetch_packages.py models.")
    if not os.path.exists(python_of(cache)):
        print(f"-- making a Python environment in {cache}", flush=True)
        run("/usr/bin/python3", "-m", "venv", os.path.join(cache, "venv"))
    print("-- installing the pinned packages (about 6 GB, the first time takes minutes)", flush=True)
    run(python_of(cache), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:",
        "--cache-dir", os.path.join(cache, "pip"), "-r", os.path.join(HERE, "requirements.txt"))
    print("-- writing its models", flush=True)
    shutil.rmtree(os.path.join(cache, "models"), ignore_errors=True)
    run(python_of(cache), os.path.join(HERE, "build_models.py"), minilm, os.path.join(cache, "models"),
        env={**os.environ, "HF_HUB_OFFLINE": "1"})
    with open(stamp_path, "w", encoding="ascii") as file:
        file.write(stamp)
    return True
