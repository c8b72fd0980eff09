// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.files;

import ai.djl.nn.Block;
import io.sparseland.models.CifarResNet;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A {@link CifarResNet} in safetensors with the names of akamaster/pytorch_resnet_cifar10; the
 * number of blocks is that of the file's first stage.
 */
public final class CifarResNetFile implements OpenModel {

  private static final int CLASSES = 10;

  private final CifarResNet sizes;
  private final Map<String, FileTensor> tensors;

  private CifarResNetFile(CifarResNet sizes, Map<String, FileTensor> tensors) {
    this.sizes = sizes;
    this.tensors = tensors;
  }

  /**
   * Opens a model.
   *
   * @throws io.sparseland.kernels.format.FormatException for tensors that are missing, surplus or
   *     misshaped
   * @throws IOException if the file is not there
   */
  public static CifarResNetFile open(Path file) throws IOException {
    Map<String, FileTensor> found = FileTensor.all(file);
    long blocks =
        found.keySet().stream().filter(n -> n.matches("layer1\\.\\d+\\.conv1\\.weight")).count();
    CifarResNet sizes = new CifarResNet(Math.max(1, (int) blocks), CLASSES);
    return new CifarResNetFile(sizes, Wanted.pick(file.toString(), found, tensors(sizes)));
  }

  @Override
  public Block block() {
    return Wanted.fill(sizes.get(), tensors);
  }

  @Override
  public Block outline() {
    return sizes.get();
  }

  private static List<Wanted> tensors(CifarResNet sizes) {
    List<Wanted> all = new ArrayList<>();
    long channels = CifarResNet.CHANNELS;
    all.add(Wanted.of("Conv2d.weight", "conv1.weight", channels, 3, 3, 3));
    norm(all, "BatchNorm", "bn1", channels);
    int number = 0;
    for (int stage = 1; stage <= CifarResNet.STAGES; stage++) {
      for (int i = 0; i < sizes.blocks(); i++) {
        long before = channels;
        channels *= stage > 1 && i == 0 ? 2 : 1;
        String ours = "ResidualBlock." + number++ + ".";
        String stored = "layer%d.%d.".formatted(stage, i);
        all.add(Wanted.of(ours + "first.weight", stored + "conv1.weight", channels, before, 3, 3));
        norm(all, ours + "firstNorm", stored + "bn1", channels);
        all.add(
            Wanted.of(ours + "second.weight", stored + "conv2.weight", channels, channels, 3, 3));
        norm(all, ours + "secondNorm", stored + "bn2", channels);
      }
    }
    all.add(Wanted.of("Linear.weight", "linear.weight", sizes.classes(), channels));
    all.add(Wanted.of("Linear.bias", "linear.bias", sizes.classes()));
    return all;
  }

  private static void norm(List<Wanted> all, String ours, String stored, long channels) {
    all.add(Wanted.of(ours + ".gamma", stored + ".weight", channels));
    all.add(Wanted.of(ours + ".beta", stored + ".bias", channels));
    all.add(Wanted.of(ours + ".runningMean", stored + ".running_mean", channels));
    all.add(Wanted.of(ours + ".runningVar", stored + ".running_var", channels));
  }
}
