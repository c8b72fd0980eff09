// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes;

import ai.djl.nn.Block;
import io.sparseland.models.Bert;
import io.sparseland.models.files.BertBase;
import io.sparseland.models.files.CifarResNetFile;
import io.sparseland.models.files.HuggingFaceBert;
import io.sparseland.models.files.HuggingFaceFolder;
import io.sparseland.models.files.Llama2cFile;
import io.sparseland.models.files.MiniLm;
import io.sparseland.models.files.OpenModel;
import io.sparseland.models.text.Tokenizer;
import io.sparseland.recipes.data.DataFolders;
import io.sparseland.recipes.language.Default;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** Models of files; paths are relative to the data folders, or absolute. */
final class PretrainedModels {

  private PretrainedModels() {}

  /**
   * A model folder of Hugging Face, of type llama or bert, see {@link HuggingFaceFolder} and {@link
   * HuggingFaceBert}.
   *
   * @param path of the folder
   * @param biases whether the residual branches get biases, 0 at first, for {@code reconstruct:
   *     bias}; type bert has biases
   * @param output what a model of type bert returns
   */
  record HuggingFace(String path, @Default("false") boolean biases, Optional<Bert.Output> output)
      implements ModelSource {
    @Override
    public OpenModel open(DataFolders folders, ClassLoader classes) throws IOException {
      Path found = folders.find(path);
      if (HuggingFaceBert.isIn(found)) {
        return HuggingFaceBert.open(found, output);
      }
      if (output.isPresent()) {
        throw new Failure(
            Failure.USAGE, "'output' is for models of type bert, not '%s'".formatted(path));
      }
      HuggingFaceFolder folder = HuggingFaceFolder.open(found);
      return biases ? folder.withBiases() : folder;
    }
  }

  /**
   * The sentence encoder all-MiniLM-L6-v2, see {@link MiniLm}.
   *
   * @param from {@code jar:group:artifact:version}
   */
  record SentenceEncoder(@Default(MiniLm.JAR) String from) implements ModelSource {
    @Override
    public OpenModel open(DataFolders folders, ClassLoader classes) throws IOException {
      return MiniLm.open(from, classes);
    }
  }

  /**
   * A residual network for CIFAR-10, see {@link CifarResNetFile}.
   *
   * @param path of the safetensors file
   */
  record ResNet(String path) implements ModelSource {
    @Override
    public OpenModel open(DataFolders folders, ClassLoader classes) throws IOException {
      return CifarResNetFile.open(folders.find(path));
    }
  }

  /**
   * BERT base, uncased, see {@link BertBase}.
   *
   * @param from {@code jar:group:artifact:version}
   */
  record MaskedModel(@Default(BertBase.JAR) String from) implements ModelSource {
    @Override
    public OpenModel open(DataFolders folders, ClassLoader classes) throws IOException {
      return BertBase.open(from, classes);
    }
  }

  /**
   * A model of llama2.c, see {@link Llama2cFile}.
   *
   * @param path of the {@code .bin} file
   * @param tokenizer its tokenizer's file
   * @param fresh whether only sizes and tokenizer are taken, and the weights are random
   */
  record Llama2c(String path, String tokenizer, @Default("false") boolean fresh)
      implements ModelSource {
    @Override
    public OpenModel open(DataFolders folders, ClassLoader classes) throws IOException {
      Llama2cFile file = Llama2cFile.open(folders.find(path), folders.find(tokenizer));
      return fresh ? new Untrained(file) : file;
    }
  }

  /** A model of the same sizes that begins with random weights. */
  private record Untrained(OpenModel model) implements OpenModel {
    @Override
    public Block block() throws IOException {
      return model.outline();
    }

    @Override
    public Tokenizer tokenizer() throws IOException {
      return model.tokenizer();
    }
  }
}
