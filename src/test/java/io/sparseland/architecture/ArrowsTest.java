// SPDX-License-Identifier: Apache-2.0
package io.sparseland.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * Modules depend in one direction only; the runtime knows no DJL; one class knows the PyTorch
 * engine.
 */
class ArrowsTest {

  private static final String ROOT = "io.sparseland.";

  /** Module to the modules it may use, itself left out. */
  private static final Map<String, List<String>> ARROWS =
      Map.of(
          "kernels", List.of(),
          "core", List.of("kernels"),
          "pruners", List.of("kernels", "core"),
          "schedulers", List.of("kernels", "core", "pruners"),
          "training", List.of("kernels", "core", "pruners", "schedulers"),
          "models", List.of("kernels"),
          "recipes", List.of("kernels", "core", "pruners", "schedulers", "training", "models"),
          "engine", List.of("kernels"));

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .withImportOption(location -> !location.contains("test-classes"))
          .importPackages("io.sparseland");

  @Test
  void every_module_is_looked_at() {
    assertThat(ARROWS.keySet())
        .allSatisfy(
            module ->
                assertThat(CLASSES.stream().map(JavaClass::getPackageName))
                    .as(module)
                    .anyMatch(name -> name.startsWith(ROOT + module)));
  }

  @Test
  void modules_depend_in_one_direction() {
    ARROWS.forEach(
        (module, allowed) -> {
          List<String> forbidden = new ArrayList<>(ARROWS.keySet());
          forbidden.add("examples");
          forbidden.removeAll(allowed);
          forbidden.remove(module);
          noClasses()
              .that()
              .resideInAPackage(ROOT + module + "..")
              .should()
              .dependOnClassesThat()
              .resideInAnyPackage(
                  forbidden.stream().map(name -> ROOT + name + "..").toArray(String[]::new))
              .check(CLASSES);
        });
  }

  @Test
  void the_rule_about_arrows_can_fail() {
    assertThatThrownBy(
            () ->
                noClasses()
                    .that()
                    .resideInAPackage(ROOT + "core..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAPackage(ROOT + "kernels..")
                    .check(CLASSES))
        .isInstanceOf(AssertionError.class);
  }

  @Test
  void packages_have_no_cycles() {
    slices().matching("io.sparseland.(*)..").should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void kernels_know_neither_djl_nor_commons_math() {
    noClasses()
        .that()
        .resideInAPackage(ROOT + "kernels..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("ai.djl..", "org.apache.commons..")
        .check(CLASSES);
  }

  @Test
  void one_class_touches_the_pytorch_engine() {
    noClasses()
        .that()
        .doNotHaveFullyQualifiedName("io.sparseland.core.Torch")
        .and()
        .haveNameNotMatching("io\\.sparseland\\.core\\.Torch\\$.*")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("ai.djl.pytorch..")
        .check(CLASSES);
  }

  @Test
  void libraries_never_print() {
    noClasses()
        .that()
        .resideOutsideOfPackages(ROOT + "recipes.cli..", ROOT + "examples..")
        .should()
        .accessField(System.class, "out")
        .orShould()
        .accessField(System.class, "err")
        .check(CLASSES);
  }

  @Test
  void nothing_uses_java_serialisation() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .haveNameMatching("java\\.io\\.Object(Input|Output)Stream")
        .check(CLASSES);
  }
}
