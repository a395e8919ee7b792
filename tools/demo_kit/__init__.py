# SPDX-License-Identifier: Apache-2.0
"""What ./run is made of: the processes, the platform's API as a client, and the verification."""
