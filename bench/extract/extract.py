#!/usr/bin/env python3
"""How fast does a PDF become pages with boxes, next to PDFium alone and to pypdf?

    extract.py BUILD_FOLDER [--data FOLDER] [--python PYTHON] [--rounds N]

Runs everything on the 117 pages of GeoTopo-komprimiert.pdf (pdf/py-pdf-sample-files.tar.xz of the evaluation data), in turns, and
takes the best time of each. Everything runs at the priority of the confined child, the lowest, so that a busy machine
delays all alike; on such a machine the time on the processors says more than the clock's. BUILD_FOLDER is a release build with JACKDAW_BENCH=ON; PYTHON is an interpreter that has
pypdf: python3 -m venv /tmp/pypdf && /tmp/pypdf/bin/pip install pypdf. pypdf reads the text alone, without boxes.
"""
import argparse
import os
import pathlib
import resource
import subprocess
import sys
import tarfile
import tempfile

ARCHIVE = "pdf/py-pdf-sample-files.tar.xz"
PYPDF = """
import sys, time, pypdf
start = time.perf_counter()
for page in pypdf.PdfReader(sys.argv[1]).pages: page.extract_text()
print((time.perf_counter() - start) * 1000, pypdf.__version__)
"""


def times_of(command):
    """Milliseconds on the clock, which is the first word that the program prints, and on the processors, of the program
    with its children from start to end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    printed = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                             check=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return float(printed.split()[0]), processor * 1000


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("build", type=pathlib.Path)
    beside = pathlib.Path(__file__).resolve().parents[3] / "shared" / "data"
    arguments.add_argument("--data", type=pathlib.Path,
                           default=pathlib.Path(os.environ.get("JACKDAW_TEST_DATA") or beside))
    arguments.add_argument("--python", help="an interpreter with pypdf; default: pypdf is left out")
    arguments.add_argument("--rounds", type=int, default=9)
    options = arguments.parse_args()

    os.nice(19)
    with tempfile.TemporaryDirectory() as folder:
        pdf = pathlib.Path(folder) / "GeoTopo.pdf"
        with tarfile.open(options.data / ARCHIVE) as tar:
            member = next(m for m in tar if m.name.endswith("/GeoTopo-komprimiert.pdf"))
            pdf.write_bytes(tar.extractfile(member).read())
        programs = options.build / "bench" / "extract"
        commands = {"PDFium alone": [programs / "pdfium_alone", pdf],
                    "jackdaw": [programs / "extract_time", options.build / "jackdaw-parse", pdf]}
        if options.python:
            commands["pypdf"] = [options.python, "-c", PYPDF, pdf]
        times = {name: [] for name in commands}
        for round_number in range(options.rounds):
            for name, command in commands.items():
                if name != "pypdf" or round_number < 2:
                    times[name].append(times_of(command))

    best = {name: [min(column) for column in zip(*taken)] for name, taken in times.items()}
    for name, (clock, processor) in best.items():
        print(f"{name:14} clock {clock:9.1f} ms ({clock / best['jackdaw'][0]:5.2f}x jackdaw's)   "
              f"processors {processor:9.1f} ms ({processor / best['jackdaw'][1]:5.2f}x)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
