// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.training.loss.Loss;
import io.sparseland.core.Calibrator;
import io.sparseland.models.Mlp;
import io.sparseland.training.Distillation.Cosine;
import io.sparseland.training.Distillation.Hidden;
import io.sparseland.training.Distillation.Logits;
import io.sparseland.training.Distillation.Term;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DistillationTest {

  // KL(softmax(0.5, 1, 1.5) || softmax(1.5, 0.5, 0.25)) = 0.423533916, one of two rows, times 2^2
  private static final double LOGITS = 4 * 0.423533916 / 2;
  private static final OptimizerSettings ADAM = new OptimizerSettings.Adam(0.01, 0);

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager("PyTorch");
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void softened_outputs_are_the_divergence_times_the_squared_temperature() {
    // softmax(1, 2, 3 / 2) against softmax(3, 1, 0.5 / 2), and a row that agrees; times 4
    assertThat(value(new Logits(1, 2), rows(3, 1, .5f, 1, 1, 2), rows(1, 2, 3, 1, 1, 2)))
        .isCloseTo(LOGITS, within(1e-6));
  }

  @Test
  void the_cosine_does_not_see_lengths() {
    // <(3, 4, 0), (4, 3, 0)> / 25 = 0.96; (0, 0, 2) against (0, 0, 7) agree
    assertThat(value(new Cosine(1), rows(3, 4, 0, 0, 0, 2), rows(4, 3, 0, 0, 0, 7)))
        .isCloseTo(0.02, within(1e-6));
  }

  @Test
  void hidden_states_are_compared_layer_by_layer() {
    NDList student = rows(0, 0, 0, 0, 0, 0);
    NDList teacher = rows(9, 9, 9, 9, 9, 9); // the output is not looked at
    student.add(manager.create(new float[] {1, 2}));
    teacher.add(manager.create(new float[] {1, 4}));
    student.add(manager.create(new float[] {1, 1, 1, 1}));
    teacher.add(manager.create(new float[] {2, 2, 2, 2}));

    // (0 + 4) / 2 and 1, in the mean 1.5
    assertThat(value(new Hidden(1), student, teacher)).isCloseTo(1.5, within(1e-6));
  }

  @Test
  void terms_and_the_other_loss_are_added_by_weight() {
    NDList student = rows(3, 1, .5f, 1, 1, 2);
    NDArray classes = manager.create(new float[] {0, 2});
    double own = Loss.softmaxCrossEntropyLoss().evaluate(new NDList(classes), student).getFloat();
    NDList labels = new NDList(classes);
    labels.addAll(rows(1, 2, 3, 1, 1, 2));

    double all =
        Distillation.beside(
                Loss.softmaxCrossEntropyLoss(), 0.25, List.of(new Logits(0.5, 2), new Cosine(2)))
            .evaluate(labels, student)
            .toType(DataType.FLOAT64, false)
            .getDouble();

    double cosine = value(new Cosine(1), student, rows(1, 2, 3, 1, 1, 2));
    assertThat(all).isCloseTo(0.25 * own + 0.5 * LOGITS + 2 * cosine, within(1e-5));
  }

  @Test
  void a_student_comes_to_agree_with_its_teacher_without_labels() {
    try (Model student = net(3);
        Model teacher = net(4)) {
      Views views = new Views(List.of("linear.1"));
      Distillation loss =
          Distillation.alone(List.of(new Logits(1, 2), new Cosine(1), new Hidden(1)));
      List<Calibrator.Labelled> batches = batches();
      double before = distance(student, teacher, batches.get(0).data());
      float[] fixed = Nets.weights(teacher, "linear.0");

      TrainResult result =
          TrainLoop.run(
              student,
              Examples.ready(batches),
              new TrainPlan(ADAM, 60, 1, 17, List.of()),
              new Teacher(teacher.getBlock(), views, loss),
              TrainHooks.none());

      assertThat(result.steps()).isEqualTo(60 * 4);
      assertThat(distance(student, teacher, batches.get(0).data())).isLessThan(0.1 * before);
      assertThat(Nets.weights(teacher, "linear.0")).isEqualTo(fixed);
    }
  }

  @Test
  void hidden_states_of_a_layer_that_is_not_there_are_refused_by_name() {
    try (Model net = net(3)) {
      assertThatThrownBy(
              () ->
                  new Views(List.of("linear.9"))
                      .of(
                          net.getBlock(),
                          new ParameterStore(manager, false),
                          batches().get(0).data(),
                          false))
          .hasMessageContaining("linear.9");
    }
  }

  @Test
  void settings_out_of_range_are_refused() {
    assertThatThrownBy(() -> new Logits(1, 0)).hasMessageContaining("temperature is 0.0");
    assertThatThrownBy(() -> new Cosine(-1)).hasMessageContaining("weight is -1.0");
    assertThatThrownBy(() -> Distillation.alone(List.of())).hasMessageContaining("no term");
    assertThatThrownBy(
            () ->
                Distillation.alone(List.of(new Cosine(1)))
                    .evaluate(new NDList(), rows(1, 2, 3, 4, 5, 6)))
        .hasMessageContaining("where is the teacher");
  }

  private static double value(Term term, NDList student, NDList teacher) {
    return term.of(student, teacher).toType(DataType.FLOAT64, false).getDouble();
  }

  /** Two rows of three. */
  private NDList rows(float... values) {
    return new NDList(manager.create(values, new Shape(2, 3)));
  }

  private Model net(int seed) {
    Model model = Model.newInstance("net" + seed, "PyTorch");
    Block block = new Mlp(List.of(5, 8, 3)).get();
    model.getNDManager().getEngine().setRandomSeed(seed);
    block.initialize(model.getNDManager(), DataType.FLOAT32, new Shape(2, 5));
    model.setBlock(block);
    return model;
  }

  /** Batches of many sizes. */
  private List<Calibrator.Labelled> batches() {
    manager.getEngine().setRandomSeed(9);
    List<Calibrator.Labelled> batches = new ArrayList<>();
    for (int size : new int[] {16, 3, 7, 12}) {
      batches.add(
          new Calibrator.Labelled(
              new NDList(manager.randomNormal(new Shape(size, 5))),
              new NDList(manager.zeros(new Shape(1)))));
    }
    return batches;
  }

  private double distance(Model a, Model b, NDList data) {
    return out(a, data).sub(out(b, data)).square().mean().getFloat();
  }

  private NDArray out(Model model, NDList data) {
    return model
        .getBlock()
        .forward(new ParameterStore(manager, false), data, false)
        .head()
        .softmax(1);
  }
}
