#!/usr/bin/env python3
"""How fast does a PDF become pages with boxes, next to PDFium alone and to pypdf?

    extract.py BUILD_FOLDER [--data FOLDER] [--python PYTHON] [--rounds N]

Runs everything on the 117 pages of GeoTopo.pdf (pdf/py-pdf-sample-files.tar.xz of the evaluation data), in turns, and
takes the best time of each. BUILD_FOLDER is a release build with JACKDAW_BENCH=ON; PYTHON is an interpreter that has
pypdf: python3 -m venv /tmp/pypdf && /tmp/pypdf/bin/pip install pypdf. pypdf reads the text alone, without boxes.
"""
import argparse
import os
import pathlib
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


def time_of(command):
    """Milliseconds: the first word that the program prints."""
    return float(subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, check=True).stdout.split()[0])


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("build", type=pathlib.Path)
    beside = pathlib.Path(__file__).resolve().parents[3] / "shared" / "data"
    arguments.add_argument("--data", type=pathlib.Path,
                           default=pathlib.Path(os.environ.get("JACKDAW_TEST_DATA") or beside))
    arguments.add_argument("--python", help="an interpreter with pypdf; default: pypdf is left out")
    arguments.add_argument("--rounds", type=int, default=9)
    options = arguments.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        pdf = pathlib.Path(folder) / "GeoTopo.pdf"
        with tarfile.open(options.data / ARCHIVE) as tar:
            member = next(m for m in tar if m.name.endswith("/GeoTopo.pdf"))
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
                    times[name].append(time_of(command))

    best = {name: min(taken) for name, taken in times.items()}
    for name, taken in best.items():
        print(f"{name:14} {taken:9.1f} ms   {taken / 117:7.2f} ms a page   jackdaw is {taken / best['jackdaw']:.2f}x "
              f"as fast")
    return 0


if __name__ == "__main__":
    sys.exit(main())
