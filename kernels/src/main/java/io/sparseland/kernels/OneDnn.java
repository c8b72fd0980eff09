// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * oneDNN, which multiplies dense layers when it is there: optional, never needed. Looked for once,
 * at first use: in the folder {@code -Dsparseland.onednn=DIR}, else on the class path, where the
 * artifact {@code org.bytedeco:dnnl} with the classifier {@code linux-x86_64} brings it; that one
 * is unpacked once into {@code ~/.cache/sparseland} ({@code -Dsparseland.cache=DIR}). It needs
 * {@code libOpenCL.so.1} of the system. {@code -Dsparseland.onednn=off} leaves it out. {@link
 * #status()} says what was found, or what is missing.
 */
public final class OneDnn {

  private static final Logger LOGGER = LoggerFactory.getLogger(OneDnn.class);
  private static final String PROPERTY = "sparseland.onednn";
  private static final String RESOURCE = "org/bytedeco/dnnl/linux-x86_64/";
  private static final String LIBRARY = "libdnnl.so.3";
  private static final String OPENMP = "libgomp.so.1";

  private OneDnn() {}

  private record State(boolean loaded, String status) {}

  private static final class Holder {
    private static final State STATE = load();
  }

  /** One line for people: where it was loaded from, or why it was not. */
  public static String status() {
    return Holder.STATE.status();
  }

  /** Whether it is in use; the first call loads it. */
  public static boolean loaded() {
    return Holder.STATE.loaded();
  }

  private static State load() {
    State state = find();
    LOGGER.debug("{}", state.status());
    return state;
  }

  private static State find() {
    String wanted = System.getProperty(PROPERTY, "");
    if (wanted.equals("off")) {
      return not("off (-D" + PROPERTY + "=off)");
    }
    if (!NativeLibrary.loaded()) {
      return not("the native kernels are not loaded");
    }
    if (!wanted.isEmpty()) {
      return open(Path.of(wanted));
    }
    URL library = OneDnn.class.getClassLoader().getResource(RESOURCE + LIBRARY);
    if (library == null) {
      return not("org.bytedeco:dnnl for linux-x86_64 is not on the class path");
    }
    try {
      return open(unpacked(library));
    } catch (IOException e) {
      return not("cannot be unpacked: " + e);
    }
  }

  private static State open(Path folder) {
    String why = NativeCalls.onednnLoad(folder.toAbsolutePath().toString());
    if (why == null) {
      return new State(true, "oneDNN: from " + folder);
    }
    return not(
        why.contains("libOpenCL") ? why + "; on Debian: apt-get install ocl-icd-libopencl1" : why);
  }

  private static State not(String why) {
    return new State(false, "oneDNN: not used for dense layers: " + why);
  }

  /** The folder of this very build of the library, named by its size and time. */
  private static Path unpacked(URL library) throws IOException {
    String home = System.getProperty("user.home", ".");
    Path cache =
        Path.of(System.getProperty("sparseland.cache", Path.of(home, ".cache", "sparseland") + ""));
    URLConnection connection = library.openConnection();
    connection.setUseCaches(false);
    long size = connection.getContentLengthLong();
    Path folder = cache.resolve("onednn-%x-%x".formatted(size, connection.getLastModified()));
    if (!Files.isDirectory(folder)) {
      Files.createDirectories(
          folder,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
    copy(OPENMP, folder);
    if (!Files.exists(folder.resolve(LIBRARY)) || Files.size(folder.resolve(LIBRARY)) != size) {
      copy(LIBRARY, folder);
    }
    return folder;
  }

  /** Under a temporary name first: another process may do the same, or be ended on the way. */
  private static void copy(String name, Path folder) throws IOException {
    try (InputStream in = OneDnn.class.getClassLoader().getResourceAsStream(RESOURCE + name)) {
      if (in == null) {
        throw new IOException("there is no " + RESOURCE + name + " on the class path");
      }
      Path temporary = Files.createTempFile(folder, name, ".new");
      try {
        Files.copy(in, temporary, StandardCopyOption.REPLACE_EXISTING);
        Files.move(temporary, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(temporary);
      }
    }
  }
}
