// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.format;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.sparseland.kernels.TypedValues;
import io.sparseland.kernels.WeightType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelDirectoryTest {

  @TempDir Path folder;
  private Path model = Path.of("");

  @BeforeEach
  void name() {
    model = folder.resolve("model");
  }

  @Test
  void a_model_comes_back_equal() {
    ModelContent content = Models.mlp();

    ModelDirectory.write(model, content, "{\"speedup\": 2}");

    assertThat(ModelDirectory.read(model)).isEqualTo(content);
    assertThat(ModelDirectory.report(model)).isEqualTo("{\"speedup\": 2}");
    assertThat(model.toFile().list())
        .containsExactlyInAnyOrder("sparseland.json", "weights.safetensors", "report.json");
  }

  @Test
  void types_and_scales_come_back_equal() {
    ModelContent content = Models.quantised();

    ModelDirectory.write(model, content, "{}");

    ModelContent read = ModelDirectory.read(model);
    assertThat(read).isEqualTo(content);
    assertThat(read.tensors())
        .extracting(tensor -> tensor.data().type())
        .containsExactly(WeightType.INT8, WeightType.FP32, WeightType.BF16, WeightType.FP32);
    ModelSummary summary = ModelDirectory.summary(model);
    int kept = content.tensors().get(0).kept();
    // int8 values, 5 scales and the mask of fc1; 15 bf16 of fc2; two biases
    assertThat(summary.bytesStored()).isEqualTo(kept + 5 * 4 + 6 * 8 + 15 * 2 + (5 + 3) * 4);
  }

  @ParameterizedTest(name = "{0} -> {1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"type\" : \"I8\"|\"type\" : \"BF16\"|the unknown field 'scales_crc32c'",
        "\"type\" : \"BF16\"|\"type\" : \"F32\"|by sparseland.json",
        "\"scales_crc32c\" : \"|\"scales_crc32c\" : \"0|8 hexadecimal digits",
        "\"name\" : \"fc1.bias\"|\"name\" : \"fc1.scale\"|'fc1.scale' twice",
        "\"shape\" : [ 5, 70 ]|\"shape\" : [ 7, 50 ]|F32 [5]; allowed: 'fc1.scale' F32 [7]",
      })
  void a_sealed_but_wrong_description_of_types_is_refused(String from, String to, String message)
      throws IOException {
    ModelDirectory.write(model, Models.quantised(), "{}");

    reseal(text -> text.replaceFirst(Pattern.quote(from), to));

    assertRefused(model, message);
  }

  @Test
  void a_changed_scale_or_value_is_refused() throws IOException {
    ModelDirectory.write(model, Models.quantised(), "{}");
    FloatBuffer other = FloatBuffer.wrap(new float[] {1, 2, 3, 4, 5});

    replaceWeights("fc1.scale", SafeTensors.Entry.floats("fc1.scale", List.of(5), other));

    assertRefused(model, "of 'fc1.scale'");
  }

  @Test
  void bad_scales_and_bf16_infinities_are_refused_with_their_place() throws IOException {
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, -1}) {
      model = folder.resolve("scale" + bad);
      ModelDirectory.write(model, Models.quantised(), "{}");
      FloatBuffer scales = FloatBuffer.wrap(new float[] {1, 2, bad, 4, 5});
      replaceWeights("fc1.scale", SafeTensors.Entry.floats("fc1.scale", List.of(5), scales));
      resealCrc("fc1", "scales", SafeTensorsWriter.crc(scales));

      assertRefused(model, bad + " in 'fc1.scale'; allowed: finite numbers of 0 or more");
    }
    model = folder.resolve("infinity");
    ModelDirectory.write(model, Models.quantised(), "{}");
    ByteBuffer values = ByteBuffer.allocate(30);
    values.put(6, (byte) 0x80).put(7, (byte) 0x7f); // the fourth is infinity
    replaceWeights(
        "fc2", new SafeTensors.Entry("fc2", SafeTensors.Type.BF16, List.of(3L, 5L), values));
    resealCrc("fc2", "values", SafeTensorsWriter.crc(values));

    assertRefused(model, "Infinity in 'fc2'; allowed: finite numbers");
  }

  @Test
  void scales_that_cannot_be_stored_are_refused_before_anything_is_written() {
    TypedValues values =
        new TypedValues(
            WeightType.INT8,
            ByteBuffer.allocate(3),
            FloatBuffer.wrap(new float[] {Float.POSITIVE_INFINITY}));
    StoredTensor tensor =
        new StoredTensor(
            "w", List.of(1, 3), "dense", null, values, KernelChoice.dense("not pruned"));

    assertThatIllegalArgumentException()
        .isThrownBy(() -> ModelDirectory.write(model, EveryOp.linear(tensor), "{}"))
        .withMessage("tensor 'w': scale 0 is Infinity; allowed: finite numbers of 0 or more");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void every_operation_comes_back_equal() {
    ModelContent content = EveryOp.content();

    ModelDirectory.write(model, content, "{}");

    assertThat(ModelDirectory.read(model)).isEqualTo(content);
  }

  @Test
  void changed_padding_is_refused() throws IOException {
    ModelDirectory.write(model, Models.mlp(), "{}");
    Path weights = model.resolve("weights.safetensors");
    long padding;
    try (SafeTensors tensors = SafeTensors.open(weights)) {
      padding =
          tensors.tensors().stream()
              .filter(t -> t.name().startsWith(SafeTensors.PADDING))
              .findFirst()
              .orElseThrow()
              .begin();
    }
    Files.write(weights, Mutants.flip(Files.readAllBytes(weights), (int) padding, 4));

    assertThatExceptionOfType(FormatException.class)
        .isThrownBy(() -> ModelDirectory.read(model))
        .withMessageContaining("'_pad.0'")
        .withMessageContaining("byte 4");
  }

  @Test
  void the_same_content_gives_the_same_bytes() throws IOException {
    ModelDirectory.write(folder.resolve("a"), Models.mlp(), "{}");
    ModelDirectory.write(folder.resolve("b"), Models.mlp(), "{}");

    for (String file : List.of("sparseland.json", "weights.safetensors")) {
      assertThat(
              Files.mismatch(folder.resolve("a").resolve(file), folder.resolve("b").resolve(file)))
          .isEqualTo(-1);
    }
  }

  @Test
  void a_kept_zero_stays_kept_and_an_empty_mask_stays_empty() {
    StoredTensor zero =
        new StoredTensor(
            "w",
            List.of(1, 3),
            "unstructured",
            LongBuffer.wrap(new long[] {0b101}),
            FloatBuffer.wrap(new float[] {0, -0f}),
            KernelChoice.sparse("test"));
    StoredTensor none =
        new StoredTensor(
            "w",
            List.of(1, 3),
            "row",
            LongBuffer.wrap(new long[1]),
            FloatBuffer.allocate(0),
            KernelChoice.dense("test"));

    for (StoredTensor tensor : List.of(zero, none)) {
      Path target = folder.resolve(tensor.pattern());
      ModelDirectory.write(target, EveryOp.linear(tensor), "{}");
      StoredTensor read = ModelDirectory.read(target).tensors().get(0);

      assertThat(read).isEqualTo(tensor);
      assertThat(read.mask()).isEqualTo(tensor.mask());
    }
  }

  @Test
  void tensors_lie_off_the_heap() {
    ModelDirectory.write(model, Models.mlp(), "{}");

    StoredTensor weight = ModelDirectory.read(model).tensors().get(0);

    assertThat(weight.values().isDirect()).isTrue();
    assertThat(requireNonNull(weight.mask()).isDirect()).isTrue();
  }

  @Test
  void a_file_that_is_cut_after_reading_changes_nothing() throws IOException {
    ModelDirectory.write(model, Models.mlp(), "{}");
    ModelContent read = ModelDirectory.read(model);

    Files.write(model.resolve("weights.safetensors"), new byte[0]); // the same file, now empty

    assertThat(read).isEqualTo(Models.mlp());
  }

  @Test
  void a_summary_tells_counts_without_reading_weights() throws IOException {
    ModelContent content = Models.mlp();
    ModelDirectory.write(model, content, "{}");
    int kept = content.tensors().get(0).kept();
    flipLast(model.resolve("weights.safetensors"), 70); // damage in the data is not seen

    ModelSummary summary = ModelDirectory.summary(model);

    assertThat(summary.graph()).isEqualTo(content.graph());
    assertThat(summary.provenance()).isEqualTo(content.provenance());
    assertThat(summary.tensors().get(0).kept()).isEqualTo(kept);
    assertThat(summary.sparsity()).isEqualTo(1 - kept / 350.0);
    assertThat(summary.bytesDense()).isEqualTo(4 * (350 + 5 + 15 + 3));
    assertThat(summary.bytesStored()).isEqualTo(4 * (kept + 5 + 15 + 3) + 6 * 8);
    assertThat(summary.fileBytes()).isEqualTo(Files.size(model.resolve("weights.safetensors")));
  }

  @Test
  void what_cannot_be_stored_is_refused_before_anything_is_written() {
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
      StoredTensor tensor =
          StoredTensor.dense("w", List.of(1, 3), FloatBuffer.wrap(new float[] {1, bad, 2}));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> ModelDirectory.write(model, EveryOp.linear(tensor), "{}"))
          .withMessage("tensor 'w': value 1 is " + bad + "; allowed: finite numbers");
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ModelDirectory.write(model, Models.mlp(), "{not json"))
        .withMessageContaining("the report is not JSON");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void a_folder_with_something_in_it_is_refused() throws IOException {
    Files.createDirectory(model);
    Files.writeString(model.resolve("mine"), "x");

    assertThatIllegalArgumentException()
        .isThrownBy(() -> ModelDirectory.write(model, Models.mlp(), "{}"))
        .withMessageContaining("it exists");
    assertThat(model.toFile().list()).containsExactly("mine");
  }

  @Test
  void whichever_operation_fails_no_half_model_is_left() {
    int failures = 0;
    while (true) {
      FailAt fault = new FailAt(failures);
      try {
        AtomicFiles.intercept(fault, () -> ModelDirectory.write(model, Models.mlp(), "{}"));
        break;
      } catch (UncheckedIOException e) {
        failures++;
        assertThat(e).hasMessageContaining("cannot write '" + model + "'");
        if (Files.exists(model)) { // the last forcing failed
          assertThat(ModelDirectory.read(model)).isEqualTo(Models.mlp());
          model = folder.resolve("model" + failures);
        } else {
          assertThat(folder).isEmptyDirectory();
        }
      }
    }
    assertThat(failures).isGreaterThan(10);
    assertThat(ModelDirectory.read(model)).isEqualTo(Models.mlp());
  }

  @Test
  void links_folders_and_missing_files_are_refused() throws IOException {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ModelDirectory.read(model))
        .withMessageContaining("is not a folder");
    for (String file : List.of("sparseland.json", "weights.safetensors")) {
      Path target = folder.resolve("with-" + file);
      ModelDirectory.write(target, Models.mlp(), "{}");
      Path path = target.resolve(file);
      Path outside = folder.resolve("outside-" + file);

      Files.copy(path, outside);
      Files.delete(path);
      assertRefused(target, "no such file");
      Files.createSymbolicLink(path, outside);
      assertRefused(target, "a symbolic link");
      Files.delete(path);
      Files.createDirectory(path);
      assertRefused(target, "a folder");
      Files.delete(path);
      Files.createLink(path, outside);
      assertRefused(target, "several hard links");
      Files.delete(outside);
      assertThat(ModelDirectory.read(target)).isEqualTo(Models.mlp());
    }
  }

  @ParameterizedTest(name = "{0} -> {1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"format\" : \"sparseland-model\"|\"format\" : \"other\"|\"sparseland-model\"",
        "\"version\" : 2|\"version\" : 3|from 1 to 2",
        "\"version\" : 2|\"version\" : 2, \"version\" : 2|Duplicate",
        "\"version\" : 2|\"version\" : 2, \"more\" : 1|the unknown field 'more'",
        "\"seed\" : 17,||no field 'seed' in 'provenance'",
        "\"seed\" : 17|\"seed\" : 17.5|17.5 in 'provenance.seed'",
        "\"seed\" : 17|\"seed\" : 99999999999999999999|a whole number",
        "\"op\" : \"linear\"|\"op\" : \"exec\"|an operation of this version",
        "\"activation\" : \"relu\"|\"activation\" : \"RELU\"|one of [none, relu",
        "\"activation\" : \"relu\"|\"activation\" : \"relu\", \"x\" : 1|the unknown field 'x' in 'graph.nodes[0].x'",
        "\"weight\" : \"fc2\"|\"weight\" : \"fc3\"|tensor 'fc2': no node uses it",
        "\"inputs\" : [ \"h\" ]|\"inputs\" : [ \"y\" ]|not defined before it",
        "\"inputs\" : [ \"h\" ]|\"inputs\" : [ \"x\" ]|ends in 70; allowed: 5",
        "\"inputs\" : [ \"h\" ]|\"inputs\" : [ 1 ]|a string",
        "\"inputs\" : [ \"h\" ]|\"inputs\" : \"h\"|an array",
        "\"type\" : \"float32\"|\"type\" : \"float64\"|one of [float32",
        "\"batch\" : 1|\"batch*\" : 1|symbol ''",
        "\"batch\" : 1|\"batch\" : 0|terms that are not 0",
        "\"batch\" : 1|\"\" : 1|a number, or terms",
        "\"batch\" : 1|\"batch\" : 2|uses a symbol that no input binds",
        "\"shape\" : [ 5, 70 ]|\"shape\" : [ 70, 5 ]|ends in 70; allowed: 5",
        "\"shape\" : [ 5, 70 ]|\"shape\" : [ 5, 71 ]|ends in 70; allowed: 71",
        "\"shape\" : [ 5, 70 ]|\"shape\" : [ 65536, 65536 ]|at most 2^31 - 1 elements",
        "\"shape\" : [ 5, 70 ]|\"shape\" : [ 0, 70 ]|from 1 to",
        "\"shape\" : [ 5, 70 ]|\"shape\" : [ 5, 14, 1, 1, 1, 1, 1, 1, 5 ]|rank 9",
        "\"shape\" : [ 3, 5 ]|\"shape\" : [ 5, 3 ]|by sparseland.json",
        "\"pattern\" : \"unstructured\"|\"pattern\" : \"dense\"|'dense' without mask_crc32c",
        "\"decode\" : \"csr\"|\"decode\" : \"Csr\"|design 'Csr'",
        "\"decode\" : \"csr\"|\"decode\" : \"csr\", \"x\" : 1|the unknown field 'x'",
        "\"decode\" : \"csr\",||no field 'decode'",
        "\"decode\" : \"dense\"|\"decode\" : \"csr\"|without a mask",
        "\"batch_from\" : 1|\"batch_from\" : 0|from 1 to",
        "\"kept\" : 15|\"kept\" : 14|from 15 to 15",
        "\"type\" : \"F32\"|\"type\" : \"BF16\"|by sparseland.json",
        "\"type\" : \"F32\"|\"type\" : \"F64\"|\"F32\", \"BF16\", \"I8\"",
        "\"type\" : \"F32\"|\"type\" : \"I8\"|no field 'scales_crc32c'",
        "\"values_crc32c\" : \"|\"values_crc32c\" : \"0|8 hexadecimal digits",
        "\"name\" : \"fc1\"|\"name\" : \"fc0\"|no such tensor",
        "\"name\" : \"fc1.bias\"|\"name\" : \"fc2.bias\"|F32 [3]; allowed: 'fc2.bias' F32 [5]",
      })
  void a_sealed_but_wrong_description_is_refused(String from, String to, String message)
      throws IOException {
    ModelDirectory.write(model, Models.mlp(), "{}");

    reseal(text -> text.replaceFirst(Pattern.quote(from), to == null ? "" : to));

    assertRefused(model, message);
  }

  @Test
  void free_metadata_is_ignored() throws IOException {
    ModelDirectory.write(model, Models.mlp(), "{}");

    reseal(
        text -> text.replace("\"version\" : 2", "\"version\" : 2, \"metadata\" : {\"a\" : [1]}"));

    assertThat(ModelDirectory.read(model)).isEqualTo(Models.mlp());
  }

  @Test
  void a_mask_with_another_count_than_values_is_refused() throws IOException {
    ModelDirectory.write(model, Models.mlp(), "{}");
    StoredTensor weight = Models.mlp().tensors().get(0);
    long[] words = new long[6];
    requireNonNull(weight.mask()).get(words);
    words[0] ^= 1;

    replaceWeights("fc1.mask", SafeTensors.Entry.bits("fc1.mask", LongBuffer.wrap(words)));
    assertRefused(model, "CRC-32C");
    int crc = SafeTensorsWriter.crc(LongBuffer.wrap(words));
    reseal(
        text ->
            text.replaceFirst(
                "\"mask_crc32c\" : \"[0-9a-f]{8}\"",
                "\"mask_crc32c\" : \"" + ModelJson.hex(crc) + "\""));
    assertRefused(model, "as many as mask bits");
  }

  @Test
  void a_nan_among_the_values_is_refused_with_its_place() throws IOException {
    ModelDirectory.write(model, Models.mlp(), "{}");
    FloatBuffer values = FloatBuffer.wrap(new float[] {1, Float.NaN, 3});

    replaceWeights("fc2.bias", SafeTensors.Entry.floats("fc2.bias", List.of(3), values));
    resealCrc("fc2.bias", "values", SafeTensorsWriter.crc(values));

    assertRefused(model, "NaN in 'fc2.bias'");
  }

  @Test
  void a_tensor_that_the_description_does_not_know_is_refused() throws IOException {
    ModelDirectory.write(model, Models.mlp(), "{}");

    replaceWeights("", SafeTensors.Entry.floats("extra", List.of(1), FloatBuffer.allocate(1)));

    assertRefused(model, "tensor 'extra'");
  }

  @Test
  void every_flipped_byte_of_the_headers_is_refused_or_loads_equal() throws IOException {
    ModelDirectory.write(model, Models.mlp(), "{}");
    byte[] json = Files.readAllBytes(model.resolve("sparseland.json"));
    byte[] weights = Files.readAllBytes(model.resolve("weights.safetensors"));
    int header = 8 + (int) ByteBuffer.wrap(weights).order(ByteOrder.LITTLE_ENDIAN).getLong();
    Mutants mutants = new Mutants(model, Models.mlp());

    for (int i = 0; i < json.length; i += 7) {
      mutants.check("sparseland.json", Mutants.flip(json, i, 1 << (i % 8)));
    }
    for (int i = 0; i < header; i += 3) {
      mutants.check("weights.safetensors", Mutants.flip(weights, i, 1 << (i % 8)));
    }

    assertThat(mutants.refused()).isGreaterThan(json.length / 7);
  }

  @Test
  void every_truncation_is_refused() throws IOException {
    ModelDirectory.write(model, Models.mlp(), "{}");
    Mutants mutants = new Mutants(model, Models.mlp());
    int cuts = 0;
    for (String file : List.of("sparseland.json", "weights.safetensors")) {
      byte[] bytes = Files.readAllBytes(model.resolve(file));
      for (int length = 0; length < bytes.length; length += 13) {
        mutants.check(file, Arrays.copyOf(bytes, length));
        cuts++;
      }
    }

    assertThat(mutants.refused()).isEqualTo(cuts);
  }

  @Test
  void seeded_mutants_are_refused_or_load_equal() throws IOException {
    mutate(500, 0);
  }

  @Test
  void seeded_mutants_of_other_types_are_refused_or_load_equal() throws IOException {
    mutate(500, 1);
  }

  @Test
  @Tag("ci")
  void ten_thousand_seeded_mutants_are_refused_or_load_equal() throws IOException {
    mutate(5_000, 2);
    model = folder.resolve("other");
    mutate(5_000, 3);
  }

  private void mutate(int count, long seed) throws IOException {
    ModelContent content = seed % 2 == 0 ? Models.mlp() : Models.quantised();
    ModelDirectory.write(model, content, "{}");
    Random random = new Random(seed);
    Mutants mutants = new Mutants(model, content);
    List<String> files = List.of("sparseland.json", "weights.safetensors");
    Map<String, byte[]> good =
        Map.of(
            files.get(0), Files.readAllBytes(model.resolve(files.get(0))),
            files.get(1), Files.readAllBytes(model.resolve(files.get(1))));
    for (int i = 0; i < count; i++) {
      String file = files.get(random.nextInt(2));
      mutants.check(file, Mutants.random(requireNonNull(good.get(file)), random));
    }
    assertThat(mutants.refused()).isGreaterThan(count / 2);
  }

  private interface Edit {
    String apply(String text);
  }

  /** Edits the description and gives it a right checksum. */
  private void reseal(Edit edit) throws IOException {
    Path file = model.resolve("sparseland.json");
    String text = Files.readString(file);
    String open = text.substring(0, text.lastIndexOf(",\n  \"crc32c\""));
    String edited = edit.apply(open);
    assertThat(edited).isNotEqualTo(open);
    Files.write(file, ModelJson.seal(edited.getBytes(UTF_8)));
  }

  /** Edits the checksum of a tensor's values or scales. */
  private void resealCrc(String tensor, String part, int crc) throws IOException {
    reseal(
        text ->
            text.replaceFirst(
                "(\"name\" : \"%s\"[^}]*\"%s_crc32c\" : \")[0-9a-f]{8}".formatted(tensor, part),
                "$1" + ModelJson.hex(crc)));
  }

  /** Writes the weights again with one entry replaced, or added. */
  private void replaceWeights(String name, SafeTensors.Entry replacement) throws IOException {
    Path file = model.resolve("weights.safetensors");
    List<SafeTensors.Entry> entries = new ArrayList<>();
    try (SafeTensors old = SafeTensors.open(file)) {
      for (SafeTensors.Info info : old.tensors()) {
        if (!info.name().startsWith(SafeTensors.PADDING) && !info.name().equals(name)) {
          entries.add(
              new SafeTensors.Entry(
                  info.name(), info.type(), info.shape(), old.bytes(info.name())));
        }
      }
      entries.add(replacement);
      Path changed = folder.resolve("changed");
      SafeTensors.write(changed, entries);
      Files.move(changed, file, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private static void flipLast(Path file, int fromEnd) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, Mutants.flip(bytes, bytes.length - fromEnd, 1));
  }

  private static void assertRefused(Path model, String message) {
    assertThatExceptionOfType(FormatException.class)
        .isThrownBy(() -> ModelDirectory.read(model))
        .withMessageContaining(message);
  }
}
