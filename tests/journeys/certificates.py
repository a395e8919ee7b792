# SPDX-License-Identifier: Apache-2.0
"""Authorities and certificates for tests of TLS, made on the fly by openssl in one folder."""
import subprocess


class Certificates:
    def __init__(self, folder):
        self.folder = folder

    def openssl(self, *words):
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)

    def authority(self, name):
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                     "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "2",
                     "-subj", f"/CN={name}")

    def certificate(self, name, ca, subject, alternative=None):
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                     "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={subject}")
        extra = []
        if alternative:
            (self.folder / f"{name}.ext").write_text(f"subjectAltName={alternative}\n")
            extra = ["-extfile", f"{name}.ext"]
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.pem", "-CAkey",
                     f"{ca}.key", "-CAcreateserial", "-out", f"{name}.pem", "-days", "2", *extra)
