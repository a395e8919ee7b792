/* SPDX-License-Identifier: Apache-2.0
 *
 * Build tool: writes a file as a C source with a byte array. Usage: embed INPUT OUTPUT NAME
 */
#include <stdio.h>

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: embed INPUT OUTPUT NAME\n");
        return 2;
    }
    FILE *in = fopen(argv[1], "rb");
    FILE *out = fopen(argv[2], "wb");
    if (in == NULL || out == NULL) {
        fprintf(stderr, "embed: cannot open %s\n", in == NULL ? argv[1] : argv[2]);
        return 1;
    }
    fprintf(out, "#include <stddef.h>\n#include <stdint.h>\n");
    fprintf(out, "extern const uint8_t %s_text[];\nextern const size_t %s_size;\n", argv[3],
            argv[3]);
    fprintf(out, "const uint8_t %s_text[] = {", argv[3]);
    size_t n = 0;
    for (int c = getc(in); c != EOF; c = getc(in))
        fprintf(out, "%s%d,", n++ % 20 == 0 ? "\n" : "", c);
    fprintf(out, "\n};\nconst size_t %s_size = %zu;\n", argv[3], n);
    int bad = ferror(in) || ferror(out);
    fclose(in);
    return fclose(out) != 0 || bad;
}
