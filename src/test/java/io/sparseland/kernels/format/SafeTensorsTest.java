// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.format;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SafeTensorsTest {

  @TempDir Path folder;

  @Test
  void tensors_come_back_aligned_with_metadata() {
    Path file = folder.resolve("w.safetensors");
    SafeTensors.write(
        file,
        List.of(
            SafeTensors.Entry.floats("a", List.of(1, 3), FloatBuffer.wrap(new float[] {1, 2, 3})),
            SafeTensors.Entry.bits("b", LongBuffer.wrap(new long[] {5, -1})),
            SafeTensors.Entry.floats("empty", List.of(0), FloatBuffer.allocate(0)),
            new SafeTensors.Entry(
                "ü", SafeTensors.Type.BF16, List.of(2L), ByteBuffer.wrap(new byte[] {1, 2, 3, 4}))),
        Map.of("format", "test"));

    try (SafeTensors read = SafeTensors.open(file)) {
      assertThat(read.metadata()).isEqualTo(Map.of("format", "test"));
      assertThat(read.tensors().stream().map(SafeTensors.Info::name))
          .containsExactlyInAnyOrder("a", "_pad.0", "b", "_pad.1", "empty", "ü", "_pad.2");
      for (SafeTensors.Info info : read.tensors()) {
        if (!info.name().startsWith("_pad.")) {
          assertThat(info.begin() % 64).as(info.name()).isZero();
        }
      }
      assertThat(read.floats("a")).isEqualTo(FloatBuffer.wrap(new float[] {1, 2, 3}));
      assertThat(read.bytes("b").asLongBuffer()).isEqualTo(LongBuffer.wrap(new long[] {5, -1}));
      assertThat(read.floats("empty").remaining()).isZero();
      assertThat(read.bytes("ü")).isEqualTo(ByteBuffer.wrap(new byte[] {1, 2, 3, 4}));
      assertThat(read.find("a").orElseThrow().shape()).containsExactly(1L, 3L);
      assertThat(read.find("none")).isEmpty();
    }
  }

  @Test
  void bytes_are_those_of_the_format() throws IOException {
    Path file = folder.resolve("w.safetensors");

    SafeTensors.write(
        file,
        List.of(SafeTensors.Entry.floats("a", List.of(1), FloatBuffer.wrap(new float[] {1}))));

    // 8 bytes of length 120, the header with spaces to byte 128, 1.0f, 60 bytes of padding
    String header =
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
            + "\"_pad.0\":{\"dtype\":\"U8\",\"shape\":[60],\"data_offsets\":[4,64]}}";
    byte[] expected = new byte[192];
    expected[0] = 120;
    Arrays.fill(expected, 8, 128, (byte) ' ');
    System.arraycopy(header.getBytes(UTF_8), 0, expected, 8, header.length());
    expected[130] = (byte) 0x80;
    expected[131] = 0x3f;
    assertThat(file).hasBinaryContent(expected);
  }

  @Test
  void entries_that_do_not_fit_are_refused() {
    FloatBuffer two = FloatBuffer.allocate(2);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SafeTensors.Entry.floats("a", List.of(3), two))
        .withMessage("tensor 'a': 8 bytes of data; allowed: 12, by F32 [3]");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SafeTensors.Entry.floats("", List.of(2), two));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new SafeTensors.Entry("a", SafeTensors.Type.I64, List.of(1L), two));
    for (String name : List.of("_pad.0", "__metadata__")) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> write(SafeTensors.Entry.floats(name, List.of(2), two)))
          .withMessageContaining("reserved");
    }
    SafeTensors.Entry a = SafeTensors.Entry.floats("a", List.of(2), two);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> write(a, a))
        .withMessageContaining("given twice");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void only_tensors_that_are_there_with_their_type_can_be_had() {
    write(SafeTensors.Entry.bits("bits", LongBuffer.allocate(1)));

    try (SafeTensors read = SafeTensors.open(folder.resolve("w"))) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> read.bytes("none"))
          .withMessageContaining("no tensor 'none'");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> read.floats("bits"))
          .withMessageContaining("is U8; allowed: F32");
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("badFiles")
  void bad_files_are_refused(String name, byte[] bytes, String message) throws IOException {
    Path file = Files.write(folder.resolve("bad"), bytes);

    assertThatExceptionOfType(FormatException.class)
        .isThrownBy(() -> SafeTensors.open(file).close())
        .withMessageStartingWith(file.toString())
        .withMessageContaining(message);
  }

  static Stream<Arguments> badFiles() {
    String good = "'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}";
    return Stream.of(
        Arguments.of("empty", new byte[0], "found 0 bytes"),
        Arguments.of("7 bytes", new byte[7], "found 7 bytes"),
        bad("9 bytes, header of 2e9", raw(2_000_000_000L, "{", 0), "header length 2000000000"),
        bad("header of 2^63", raw(Long.MIN_VALUE, "{}", 0), "header length 9223372036854775808"),
        bad("header of -1", raw(-1, "{}", 0), "header length 18446744073709551615"),
        bad("header longer than file", raw(3, "{}", 0), "header length 3"),
        bad("header empty", raw(0, "", 4), "header length 0"),
        bad("data claims 2e9", tensor("F32", "[500000000]", "[0,2000000000]", 100), "end <= 100"),
        bad("overlap", two("[0,4]", "[0,4]", 4), "no holes, no overlaps"),
        bad("overlap in part", two("[0,4]", "[2,6]", 6), "no holes, no overlaps"),
        bad("hole first", tensor("F32", "[1]", "[4,8]", 8), "no holes, no overlaps"),
        bad("hole between", two("[0,4]", "[8,12]", 12), "no holes, no overlaps"),
        bad(
            "shape smaller than data",
            tensor("F32", "[1]", "[0,8]", 8),
            "as many as F32 [1] needs"),
        bad("shape larger than data", tensor("F32", "[3]", "[0,8]", 8), "as many as F32 [3] needs"),
        bad("duplicate name", header("{" + good + "," + good + "}", 4), "Duplicate"),
        bad("duplicate metadata", header("{'__metadata__':{'a':'','a':''}}", 0), "Duplicate"),
        bad("two metadata", header("{'__metadata__':{},'__metadata__':{}}", 0), "Duplicate"),
        bad("rest of 4 KiB", tensor("F32", "[1]", "[0,4]", 4100), "4096 bytes of no tensor"),
        bad("data without tensors", header("{}", 1), "1 bytes of no tensor"),
        bad(
            "offset over 2^31",
            tensor("F32", "[1]", "[4294967296,4294967300]", 4),
            "begin <= end <= 4"),
        bad("negative offset", tensor("F32", "[1]", "[-4,0]", 4), "whole numbers from 0"),
        bad("negative zero", tensor("F32", "[1]", "[-0,4]", 4), "whole numbers from 0"),
        bad("end before begin", tensor("F32", "[1]", "[4,0]", 4), "begin <= end"),
        bad("offset of 2^64", tensor("F32", "[1]", "[0,18446744073709551616]", 4), "whole numbers"),
        bad("fraction", tensor("F32", "[1]", "[0,4.0]", 4), "whole numbers"),
        bad("exponent", tensor("F32", "[1]", "[0,4e0]", 4), "whole numbers"),
        bad("text", tensor("F32", "[1]", "[0,'4']", 4), "whole numbers"),
        bad("negative size", tensor("F32", "[-1]", "[0,4]", 4), "whole numbers"),
        bad(
            "size overflows to 0",
            tensor("F32", "[4294967296,4294967296]", "[0,0]", 0),
            "as many as F32"),
        bad("bytes overflow", tensor("F64", "[2305843009213693952]", "[0,0]", 0), "as many as F64"),
        bad("rank 9", tensor("U8", "[1,1,1,1,1,1,1,1,1]", "[0,1]", 1), "at most 8 numbers"),
        bad("three offsets", tensor("F32", "[1]", "[0,4,4]", 4), "at most 2 numbers"),
        bad("one offset", tensor("F32", "[1]", "[0]", 4), "incomplete"),
        bad("unknown type", tensor("F31", "[1]", "[0,4]", 4), "dtype 'F31'"),
        bad("small type", tensor("f32", "[1]", "[0,4]", 4), "dtype 'f32'"),
        bad(
            "unknown field",
            header("{'a':{'dtype':'F32','x':1}}", 0),
            "dtype, shape, data_offsets"),
        bad("no dtype", header("{'a':{'shape':[1],'data_offsets':[0,4]}}", 4), "incomplete"),
        bad("tensor is a number", header("{'a':1}", 0), "an object for 'a'"),
        bad("metadata is a number", header("{'__metadata__':{'a':1}}", 0), "a string for 'a'"),
        bad("nested shape", tensor("F32", "[[1]]", "[0,4]", 4), "whole numbers"),
        bad("deep", header("{'a':{'shape':[[[[[[[[", 0), "whole numbers"),
        bad("deep in an unknown field", header("{'a':{'x':[[[[[[[[", 0), "dtype, shape"),
        bad(
            "empty name",
            header("{'':{'dtype':'U8','shape':[0],'data_offsets':[0,0]}}", 0),
            "1 to"),
        bad(
            "long name",
            header(
                "{'" + "a".repeat(513) + "':{'dtype':'U8','shape':[0],'data_offsets':[0,0]}}", 0),
            "1 to 512 characters"),
        bad("control character", tensorNamed("a\\u0000b"), "control"),
        bad("bare control character", tensorNamed("a\u0001b"), "CTRL-CHAR"),
        bad("an array", header("[1]", 0), "a JSON object"),
        bad("space first", header(" {}", 0), "'{'"),
        bad("not closed", header("{'a':", 0), "found"),
        bad("comma at the end", header("{" + good + ",}", 4), "found"),
        bad("two objects", header("{}{}", 0), "nothing behind"),
        bad("comment", header("{}/*x*/", 0), "found"),
        bad("byte order mark", header("\ufeff{}", 0), "found"),
        Arguments.of(
            "overlong UTF-8", raw(8, "{'\u00c0\u00af':1}", 0, "latin1"), "malformed UTF-8"),
        Arguments.of("broken UTF-8", raw(7, "{'\u00ff':1}", 0, "latin1"), "malformed UTF-8"),
        Arguments.of("zip", "PK\u0003\u0004\0\0\0\0rest".getBytes(UTF_8), "header length"));
  }

  @Test
  void what_is_not_a_plain_file_is_refused() throws IOException {
    write(SafeTensors.Entry.bits("bits", LongBuffer.allocate(1)));
    Path link = Files.createSymbolicLink(folder.resolve("link"), folder.resolve("w"));
    Path directory = Files.createDirectory(folder.resolve("directory"));

    assertRefused(link, "a symbolic link");
    assertRefused(directory, "a folder");
    assertRefused(folder.resolve("missing"), "no such file");
    assertRefused(Path.of("/dev/zero"), "a special file");
  }

  @Test
  void a_sparse_file_of_10_gb_is_opened_by_its_header_and_read_behind_4_gb() throws IOException {
    Path file = folder.resolve("large");
    long half = 5L << 30;
    String json =
        ("{'a':{'dtype':'F32','shape':[%d],'data_offsets':[0,%d]},"
                + "'b':{'dtype':'F32','shape':[2],'data_offsets':[%d,%d]},"
                + "'c':{'dtype':'U8','shape':[%d],'data_offsets':[%d,%d]}}")
            .formatted(half / 4, half, half, half + 8, half, half + 8, 2 * half + 8);
    byte[] start = header(json, 0);
    try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
      sparse.write(start);
      sparse.seek(start.length + half);
      sparse.write(new byte[] {0, 0, (byte) 0x80, 0x3f, 0, 0, 0, 0x40});
      sparse.setLength(start.length + 2 * half + 8);
    }

    try (SafeTensors read = SafeTensors.open(file)) {
      assertThat(read.floats("b")).isEqualTo(FloatBuffer.wrap(new float[] {1, 2}));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> read.floats("a"))
          .withMessageContaining("allowed: less than 2^31");
    }
  }

  @Test
  void a_file_that_is_cut_after_it_was_opened_is_an_error_and_no_crash() throws IOException {
    Path file = folder.resolve("cut");
    FloatBuffer values = FloatBuffer.allocate(1 << 16);
    SafeTensors.write(
        file,
        List.of(
            SafeTensors.Entry.floats("a", List.of(1 << 16), values),
            SafeTensors.Entry.floats("b", List.of(1 << 16), values)));

    try (SafeTensors read = SafeTensors.open(file);
        RandomAccessFile cut = new RandomAccessFile(file.toFile(), "rw")) {
      FloatBuffer before = read.floats("a");
      long begin = read.find("b").orElseThrow().begin();
      cut.setLength(begin + 4096);

      assertThatExceptionOfType(FormatException.class)
          .isThrownBy(() -> read.bytes("b"))
          .withMessageContaining("the file was cut while it was read")
          .withMessageContaining(String.valueOf(begin + 4096));
      cut.setLength(0);
      assertThat(before).isEqualTo(values);
    }
  }

  @Test
  void a_hundred_thousand_tensors_are_the_limit() throws IOException {
    Path most = Files.write(folder.resolve("most"), header(many(100_000), 0));
    Path more = Files.write(folder.resolve("more"), header(many(100_001), 0));

    try (SafeTensors read = SafeTensors.open(most)) {
      assertThat(read.tensors()).hasSize(100_000);
    }
    assertRefused(more, "at most 100000 tensors");
  }

  private static String many(int count) {
    StringBuilder json = new StringBuilder("{");
    for (int i = 0; i < count; i++) {
      json.append(i == 0 ? "" : ",")
          .append("'t")
          .append(i)
          .append("':{'dtype':'U8','shape':[0],'data_offsets':[0,0]}");
    }
    return json.append('}').toString();
  }

  private static void assertRefused(Path file, String message) {
    assertThatExceptionOfType(FormatException.class)
        .isThrownBy(() -> SafeTensors.open(file).close())
        .withMessageContaining(message);
  }

  private void write(SafeTensors.Entry... entries) {
    SafeTensors.write(folder.resolve("w"), List.of(entries));
  }

  private static Arguments bad(String name, byte[] bytes, String message) {
    return Arguments.of(name, bytes, message);
  }

  private static byte[] tensor(String type, String shape, String offsets, int data) {
    return header(
        "{'a':{'dtype':'%s','shape':%s,'data_offsets':%s}}".formatted(type, shape, offsets), data);
  }

  private static byte[] tensorNamed(String name) {
    return header("{'" + name + "':{'dtype':'U8','shape':[0],'data_offsets':[0,0]}}", 0);
  }

  private static byte[] two(String first, String second, int data) {
    return header(
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':%s},'b':{'dtype':'F32','shape':[1],'data_offsets':%s}}"
            .formatted(first, second),
        data);
  }

  /** A file with this header (' for ") and so many zero bytes behind. */
  private static byte[] header(String json, int data) {
    return raw(json.getBytes(UTF_8).length, json, data);
  }

  private static byte[] raw(long length, String json, int data) {
    return raw(length, json, data, "utf8");
  }

  private static byte[] raw(long length, String json, int data, String charset) {
    try {
      byte[] text = json.replace('\'', '"').getBytes(charset);
      return ByteBuffer.allocate(8 + text.length + data)
          .order(ByteOrder.LITTLE_ENDIAN)
          .putLong(length)
          .put(text)
          .array();
    } catch (java.io.UnsupportedEncodingException e) {
      throw new AssertionError(e);
    }
  }
}
