// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;

class SizeTest {

  private static final Size BATCH = Size.symbol("batch");
  private static final Size SEQ = Size.symbol("seq");

  @Test
  void sums_and_products_of_symbols_are_polynomials() {
    // (2b + 3)(s - 1) = 2bs - 2b + 3s - 3; at b = 4, s = 5: 11 * 4 = 44
    Size size = BATCH.times(2).plus(3).times(SEQ.plus(-1));

    assertThat(size.terms()).isEqualTo(Map.of("batch*seq", 2L, "batch", -2L, "seq", 3L, "", -3L));
    assertThat(size.at(Map.of("batch", 4L, "seq", 5L))).isEqualTo(44);
    assertThat(size).hasToString("3*seq+2*batch*seq-2*batch-3");
    assertThat(size.symbols()).containsExactly("batch", "seq");
  }

  @Test
  void order_of_factors_and_terms_does_not_matter() {
    assertThat(SEQ.times(BATCH)).isEqualTo(BATCH.times(SEQ)).hasSameHashCodeAs(BATCH.times(SEQ));
    assertThat(Size.ofTerms(Map.of("seq*batch", 1L))).isEqualTo(BATCH.times(SEQ));
    assertThat(BATCH.plus(1).minus(BATCH)).isEqualTo(Size.of(1));
    assertThat(BATCH.times(BATCH).at(Map.of("batch", 3L))).isEqualTo(9);
    assertThat(Size.ofTerms(BATCH.times(BATCH).terms())).isEqualTo(BATCH.times(BATCH));
  }

  @Test
  void constants_and_plain_symbols_are_told_apart() {
    assertThat(Size.of(0).isConstant()).isTrue();
    assertThat(Size.of(7).constant()).isEqualTo(7);
    assertThat(BATCH.isSymbol()).isTrue();
    assertThat(BATCH.times(2).isSymbol()).isFalse();
    assertThat(BATCH.times(SEQ).isSymbol()).isFalse();
    assertThat(Size.of(1).isSymbol()).isFalse();
    assertThat(BATCH.isConstant()).isFalse();
  }

  @Test
  void division_needs_divisible_coefficients_or_a_constant() {
    assertThat(BATCH.times(6).plus(4).floorDiv(2)).isEqualTo(BATCH.times(3).plus(2));
    assertThat(Size.of(7).floorDiv(2)).isEqualTo(Size.of(3));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> BATCH.plus(1).floorDiv(2))
        .withMessageContaining("'batch+1'");
  }

  @Test
  void wrong_use_is_refused_with_a_reason() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> BATCH.at(Map.of("seq", 1L)))
        .withMessageContaining("no value for symbol 'batch'");
    assertThatIllegalArgumentException().isThrownBy(() -> Size.symbol("1x"));
    assertThatIllegalArgumentException().isThrownBy(() -> Size.symbol(""));
    assertThatIllegalArgumentException().isThrownBy(() -> Size.ofTerms(Map.of("a**b", 1L)));
    assertThatThrownBy(() -> Size.of(Long.MAX_VALUE).plus(1))
        .isInstanceOf(ArithmeticException.class);
    assertThatThrownBy(() -> BATCH.times(Long.MAX_VALUE).at(Map.of("batch", 2L)))
        .isInstanceOf(ArithmeticException.class);
  }
}
