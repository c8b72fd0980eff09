// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.format;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFilesTest {

  @TempDir Path folder;

  @Test
  void a_file_is_written_forced_and_moved_in_this_order() {
    List<AtomicFiles.Step> steps = new ArrayList<>();
    Path target = folder.resolve("a.txt");

    AtomicFiles.intercept(
        (step, path) -> steps.add(step), () -> AtomicFiles.write(target, "hello".getBytes(UTF_8)));

    assertThat(target).hasContent("hello");
    assertThat(steps)
        .containsExactly(
            AtomicFiles.Step.CREATE,
            AtomicFiles.Step.WRITE,
            AtomicFiles.Step.FORCE,
            AtomicFiles.Step.MOVE,
            AtomicFiles.Step.FORCE_FOLDER);
  }

  @Test
  void whichever_operation_on_a_file_fails_the_old_content_stays() throws IOException {
    Path target = folder.resolve("a.txt");
    AtomicFiles.write(target, "old".getBytes(UTF_8));

    int failures =
        failEach(
            () -> AtomicFiles.write(target, "new".getBytes(UTF_8)),
            step -> {
              String now = step == AtomicFiles.Step.FORCE_FOLDER ? "new" : "old";
              assertThat(target).hasContent(now);
              assertThat(names()).containsExactly("a.txt");
            });

    assertThat(failures).isEqualTo(5);
    assertThat(target).hasContent("new");
  }

  @Test
  void whichever_operation_on_a_folder_fails_nothing_or_the_whole_is_there() throws IOException {
    Path target = folder.resolve("model");

    int failures =
        failEach(
            () ->
                AtomicFiles.writeFolder(
                    target,
                    content -> {
                      content.file("a", new byte[100_000]);
                      content.file("b", "b".getBytes(UTF_8));
                    }),
            step -> {
              if (Files.exists(target)) { // only when the last forcing failed
                assertThat(target.resolve("a")).hasSize(100_000);
                assertThat(target.resolve("b")).hasContent("b");
                Files.delete(target.resolve("a"));
                Files.delete(target.resolve("b"));
                Files.delete(target);
              }
              assertThat(names()).isEmpty();
            });

    assertThat(failures).isEqualTo(10); // 1 folder, 2 x 3 for the files, force, move, force
    assertThat(target.resolve("b")).hasContent("b");
  }

  @Test
  void a_writer_that_fails_leaves_nothing() {
    assertThatThrownBy(
            () ->
                AtomicFiles.write(
                    folder.resolve("a"),
                    out -> {
                      out.write(new byte[200_000]);
                      throw new IllegalStateException("broken");
                    }))
        .isInstanceOf(IllegalStateException.class);

    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void a_path_below_a_file_is_refused_with_the_target() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "x");

    assertThatThrownBy(() -> AtomicFiles.write(file.resolve("deep/a"), new byte[1]))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("cannot write '" + file.resolve("deep/a") + "'");
    assertThat(file).hasContent("x");
  }

  @Test
  void a_folder_that_holds_something_is_not_replaced() throws IOException {
    Path taken = Files.createDirectory(folder.resolve("taken"));
    Files.writeString(taken.resolve("mine"), "x");
    Path file = Files.writeString(folder.resolve("file"), "x");

    for (Path target : List.of(taken, file)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> AtomicFiles.writeFolder(target, content -> {}))
          .withMessageContaining("it exists; allowed: a new name or an empty folder");
    }
    assertThat(names()).containsExactlyInAnyOrder("taken", "file");
    assertThat(taken.resolve("mine")).hasContent("x");
  }

  @Test
  void an_empty_folder_is_filled_and_missing_parents_are_made() throws IOException {
    Path empty = Files.createDirectory(folder.resolve("empty"));

    AtomicFiles.writeFolder(empty, content -> content.file("a", new byte[] {1}));
    AtomicFiles.write(folder.resolve("new/deep/b"), new byte[] {2});

    assertThat(empty.resolve("a")).hasBinaryContent(new byte[] {1});
    assertThat(folder.resolve("new/deep/b")).hasBinaryContent(new byte[] {2});
  }

  @Test
  void names_in_a_folder_are_plain() {
    for (String name : List.of("", "../a", "/a", "a/b", ".a", "..")) {
      assertThatIllegalArgumentException()
          .as(name)
          .isThrownBy(
              () ->
                  AtomicFiles.writeFolder(
                      folder.resolve("m"), content -> content.file(name, new byte[1])));
    }
    assertThat(folder).isEmptyDirectory();
  }

  private interface Check {
    void after(AtomicFiles.Step failed) throws IOException;
  }

  /** Lets operation n fail, n = 1, 2, ... until the action passes; returns how many failed. */
  private static int failEach(Runnable action, Check check) throws IOException {
    for (int n = 0; ; n++) {
      FailAt fault = new FailAt(n);
      try {
        AtomicFiles.intercept(fault, action);
        return n;
      } catch (UncheckedIOException e) {
        assertThat(e).hasMessageContaining("cannot write").hasMessageContaining("no space");
        check.after(fault.failed());
      }
    }
  }

  private List<String> names() throws IOException {
    try (var entries = Files.list(folder)) {
      return entries.map(path -> path.getFileName().toString()).toList();
    }
  }
}
