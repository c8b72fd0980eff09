// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.ParameterStore;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Dense linear algebra in fp64: torch's LAPACK, reached through TorchScript archives made in
 * memory, because DJL has no such operations.
 *
 * <p>Matrices are fp64, on the CPU, row-major. Results belong to the manager of the first argument;
 * call inside an {@link ai.djl.ndarray.NDScope}.
 */
public final class Linalg {

  /** One TorchScript archive an operation, loaded when first used. */
  private enum Program {
    CHOLESKY(
        "h: Tensor",
        "Tuple[Tensor, Tensor]",
        "  l, info = torch.linalg_cholesky_ex(h)",
        "  return (l, info)"),
    CHOLESKY_INVERSE("l: Tensor", "Tensor", "  return torch.cholesky_inverse(l)"),
    INVERSES(
        "h: Tensor",
        "Tuple[Tensor, Tensor]",
        "  l, info = torch.linalg_cholesky_ex(h)",
        "  return (torch.cholesky_inverse(l), torch.max(info))"),
    CHOLESKY_SOLVE("b: Tensor, l: Tensor", "Tensor", "  return torch.cholesky_solve(b, l)"),
    EIGH(
        "h: Tensor",
        "Tuple[Tensor, Tensor]",
        "  values, vectors = torch.linalg_eigh(h)",
        "  return (values, vectors)"),
    RESTRICTED_SOLVE(
        "h: Tensor, b: Tensor, keep: Tensor",
        "Tuple[Tensor, Tensor]",
        "  out = torch.zeros_like(b)",
        "  worst = torch.zeros([1])",
        "  for i in range(torch.size(b, 0)):",
        "    s = torch.squeeze(torch.nonzero(torch.select(keep, 0, i)), 1)",
        "    if torch.gt(torch.numel(s), 0):",
        "      hs = torch.index_select(torch.index_select(h, 0, s), 1, s)",
        "      l, info = torch.linalg_cholesky_ex(hs)",
        "      worst = torch.maximum(worst, torch.to(info, 6))",
        "      bs = torch.unsqueeze(torch.index_select(torch.select(b, 0, i), 0, s), 1)",
        "      x = torch.squeeze(torch.cholesky_solve(bs, l), 1)",
        "      _0 = torch.index_copy_(torch.select(out, 0, i), 0, s, x)",
        "    else:",
        "      pass",
        "  return (out, worst)");

    private final String arguments;
    private final String result;
    private final String body;

    Program(String arguments, String result, String... body) {
      this.arguments = arguments;
      this.result = result;
      this.body = "  " + String.join("\n  ", body);
    }

    String source() {
      return """
          class Linalg(Module):
            __parameters__ = []
            __buffers__ = []
            def forward(self: __torch__.Linalg, %s) -> %s:
          %s
          """
          .formatted(arguments, result, body.indent(2).stripTrailing());
    }
  }

  private static final Map<Program, Model> LOADED = new EnumMap<>(Program.class);

  private Linalg() {}

  /**
   * A Cholesky factorisation, or where it failed.
   *
   * @param lower {@code L} with {@code H = L L^T}; meaningless after a failure
   * @param failedAt order of the first leading minor that is not positive definite; 0: none
   */
  public record Cholesky(NDArray lower, int failedAt) {

    /** Whether the matrix was positive definite. */
    public boolean succeeded() {
      return failedAt == 0;
    }

    /** {@code H^-1}, symmetric to the bit. */
    public NDArray inverse() {
      NDArray raw = run(Program.CHOLESKY_INVERSE, lower).head();
      return raw.add(raw.transpose()).mul(0.5);
    }

    /**
     * {@code H^-1 B}.
     *
     * @param right {@code [n, k]}
     */
    public NDArray solve(NDArray right) {
      return run(Program.CHOLESKY_SOLVE, right, lower).head();
    }
  }

  /**
   * {@code L} of {@code H = L L^T}.
   *
   * @param h symmetric {@code [n, n]}; only its lower half is read
   */
  public static Cholesky cholesky(NDArray h) {
    NDList results = run(Program.CHOLESKY, h);
    return new Cholesky(results.get(0), results.get(1).toIntArray()[0]);
  }

  /**
   * Eigenvalues and eigenvectors.
   *
   * @param values ascending {@code [n]}
   * @param vectors {@code [n, n]}, one a column: {@code H = V diag(values) V^T}
   */
  public record Eigen(NDArray values, NDArray vectors) {}

  /**
   * Inverses of many matrices.
   *
   * @param h positive definite {@code [count, n, n]}
   * @throws IllegalArgumentException if one of them is not positive definite
   */
  public static NDArray inverses(NDArray h) {
    NDList results = run(Program.INVERSES, h);
    int failed = results.get(1).toIntArray()[0];
    Check.that(failed == 0, "one of %d matrices is singular at minor %d", h.size(0), failed);
    return results.get(0);
  }

  /** Eigenvalues and eigenvectors of a symmetric matrix, of which only the lower half is read. */
  public static Eigen eigh(NDArray h) {
    NDList results = run(Program.EIGH, h);
    return new Eigen(results.get(0), results.get(1));
  }

  /**
   * For every row i with its set S of kept columns: {@code x_S = H_SS^-1 b_S}, 0 elsewhere.
   *
   * @param h positive definite {@code [n, n]}
   * @param b {@code [rows, n]}
   * @param keep boolean {@code [rows, n]}
   * @throws IllegalArgumentException if some {@code H_SS} is not positive definite
   */
  public static NDArray restrictedSolve(NDArray h, NDArray b, NDArray keep) {
    Check.that(keep.getDataType() == DataType.BOOLEAN, "keep is %s", keep.getDataType());
    NDList results = run(Program.RESTRICTED_SOLVE, h, b, keep);
    float failed = results.get(1).toFloatArray()[0];
    Check.that(failed == 0, "a restriction of the matrix is singular at minor %s", (int) failed);
    return results.get(0);
  }

  private static NDList run(Program program, NDArray... arguments) {
    for (NDArray argument : arguments) {
      DataType type = argument.getDataType();
      Check.that(
          (type == DataType.FLOAT64 || type == DataType.BOOLEAN) && !argument.getDevice().isGpu(),
          "%s takes fp64 on the CPU, found %s on %s",
          program,
          type,
          argument.getDevice());
    }
    return Torch.withoutGradients(
        () -> {
          ParameterStore store = new ParameterStore(arguments[0].getManager(), false);
          return loaded(program).getBlock().forward(store, new NDList(arguments), false);
        });
  }

  private static Model loaded(Program program) {
    synchronized (LOADED) {
      return LOADED.computeIfAbsent(program, Linalg::load);
    }
  }

  private static Model load(Program program) {
    Model model = Model.newInstance("linalg", Torch.ENGINE);
    try {
      model.load(new ByteArrayInputStream(archive(program.source())));
      return model;
    } catch (IOException e) {
      model.close();
      throw new UncheckedIOException(e);
    } catch (MalformedModelException e) {
      model.close();
      throw new IllegalStateException("TorchScript refused " + program, e);
    }
  }

  /** A TorchScript archive of an empty object with one method; torch reads only stored entries. */
  private static byte[] archive(String code) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      entry(zip, "data.pkl", "\u0080\u0002c__torch__\nLinalg\n)\u0081}b.");
      entry(zip, "code/__torch__.py", code);
      entry(zip, "constants.pkl", "\u0080\u0002).");
      entry(zip, "version", "3\n");
    }
    return bytes.toByteArray();
  }

  private static void entry(ZipOutputStream zip, String name, String text) throws IOException {
    byte[] content = text.getBytes(StandardCharsets.ISO_8859_1);
    CRC32 crc = new CRC32();
    crc.update(content);
    ZipEntry entry = new ZipEntry("linalg/" + name);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(content.length);
    entry.setCrc(crc.getValue());
    zip.putNextEntry(entry);
    zip.write(content);
    zip.closeEntry();
  }
}
