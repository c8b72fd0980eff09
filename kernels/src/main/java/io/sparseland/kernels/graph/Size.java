// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.graph;

import java.util.Arrays;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A size that may depend on symbols: a sum of coefficients times products of symbols, such as
 * {@code 12*batch*seq + 1}. Immutable; equal when the polynomials are equal. Arithmetic is exact:
 * what does not fit into 64 bits is an {@link ArithmeticException}.
 */
public final class Size {

  /** Most terms of one size; real ones have one or two. */
  public static final int MAX_TERMS = 64;

  private static final Pattern SYMBOL = Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,63}");
  private static final String CONSTANT = "";

  /** Coefficient by product; a product is its symbols in order, joined by '*'; no zeros. */
  private final SortedMap<String, Long> terms;

  private Size(SortedMap<String, Long> terms) {
    if (terms.size() > MAX_TERMS) {
      throw new IllegalArgumentException(
          "size with " + terms.size() + " terms; allowed: at most " + MAX_TERMS);
    }
    this.terms = Collections.unmodifiableSortedMap(terms);
  }

  /** A constant. */
  public static Size of(long constant) {
    SortedMap<String, Long> terms = new TreeMap<>();
    add(terms, CONSTANT, constant);
    return new Size(terms);
  }

  /** A symbol alone, such as {@code batch}: a letter or '_', then letters, digits and '_'. */
  public static Size symbol(String name) {
    checkSymbol(name);
    return new Size(new TreeMap<>(Map.of(name, 1L)));
  }

  /**
   * The inverse of {@link #terms()}.
   *
   * @param terms coefficient by product of symbols joined by '*'; the empty product is the constant
   */
  public static Size ofTerms(Map<String, Long> terms) {
    SortedMap<String, Long> sum = new TreeMap<>();
    terms.forEach((product, coefficient) -> add(sum, canonical(product), coefficient));
    return new Size(sum);
  }

  /** Sum. */
  public Size plus(Size other) {
    SortedMap<String, Long> sum = new TreeMap<>(terms);
    other.terms.forEach((product, coefficient) -> add(sum, product, coefficient));
    return new Size(sum);
  }

  /** Sum with a constant. */
  public Size plus(long constant) {
    return plus(of(constant));
  }

  /** Difference. */
  public Size minus(Size other) {
    return plus(other.times(-1));
  }

  /** Product. */
  public Size times(Size other) {
    SortedMap<String, Long> sum = new TreeMap<>();
    terms.forEach(
        (p, a) ->
            other.terms.forEach((q, b) -> add(sum, multiply(p, q), Math.multiplyExact(a, b))));
    return new Size(sum);
  }

  /** Product with a constant. */
  public Size times(long factor) {
    return times(of(factor));
  }

  /**
   * Quotient of a size whose every coefficient is divisible, or of a constant (rounded down).
   *
   * @throws IllegalArgumentException if the quotient is not a sum of such terms
   */
  public Size floorDiv(long divisor) {
    if (isConstant()) {
      return of(Math.floorDiv(constant(), divisor));
    }
    SortedMap<String, Long> quotient = new TreeMap<>();
    terms.forEach(
        (product, coefficient) -> {
          if (coefficient % divisor != 0) {
            throw new IllegalArgumentException(
                "size '%s' cannot be divided by %d without knowing its symbols"
                    .formatted(this, divisor));
          }
          quotient.put(product, coefficient / divisor);
        });
    return new Size(quotient);
  }

  /**
   * The value for given symbols.
   *
   * @throws IllegalArgumentException if a symbol has no value
   */
  public long at(Map<String, Long> symbols) {
    long sum = 0;
    for (Map.Entry<String, Long> term : terms.entrySet()) {
      long product = term.getValue();
      for (String symbol : symbolsOf(term.getKey())) {
        Long value = symbols.get(symbol);
        if (value == null) {
          throw new IllegalArgumentException(
              "size '%s': no value for symbol '%s'; known: %s"
                  .formatted(this, symbol, new TreeSet<>(symbols.keySet())));
        }
        product = Math.multiplyExact(product, value);
      }
      sum = Math.addExact(sum, product);
    }
    return sum;
  }

  /** Whether no symbol occurs. */
  public boolean isConstant() {
    return terms.isEmpty() || (terms.size() == 1 && terms.containsKey(CONSTANT));
  }

  /**
   * The value of a constant.
   *
   * @throws IllegalStateException if a symbol occurs
   */
  public long constant() {
    if (!isConstant()) {
      throw new IllegalStateException("size '" + this + "' is not a constant");
    }
    return terms.getOrDefault(CONSTANT, 0L);
  }

  /** Whether this is one symbol and nothing else. */
  public boolean isSymbol() {
    return terms.size() == 1
        && terms.values().stream().allMatch(c -> c == 1)
        && SYMBOL.matcher(terms.firstKey()).matches();
  }

  /** The symbols that occur, sorted. */
  public Set<String> symbols() {
    Set<String> symbols = new TreeSet<>();
    terms.keySet().forEach(product -> Collections.addAll(symbols, symbolsOf(product)));
    return symbols;
  }

  /** Coefficient by product; see {@link #ofTerms}. Sorted, no zero coefficients. */
  public SortedMap<String, Long> terms() {
    return terms;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Size size && terms.equals(size.terms);
  }

  @Override
  public int hashCode() {
    return terms.hashCode();
  }

  /** For people: {@code 12*batch*seq+1}. */
  @Override
  public String toString() {
    if (terms.isEmpty()) {
      return "0";
    }
    return terms.entrySet().stream()
        .sorted((a, b) -> b.getKey().compareTo(a.getKey())) // the constant last
        .map(
            t ->
                t.getKey().isEmpty()
                    ? Long.toString(t.getValue())
                    : t.getValue() == 1 ? t.getKey() : t.getValue() + "*" + t.getKey())
        .collect(Collectors.joining("+"))
        .replace("+-", "-");
  }

  private static void add(SortedMap<String, Long> sum, String product, long coefficient) {
    long total = Math.addExact(sum.getOrDefault(product, 0L), coefficient);
    if (total == 0) {
      sum.remove(product);
    } else {
      sum.put(product, total);
    }
  }

  private static String multiply(String p, String q) {
    return p.isEmpty() ? q : q.isEmpty() ? p : canonical(p + "*" + q);
  }

  private static String canonical(String product) {
    String[] symbols = symbolsOf(product);
    if (symbols.length > MAX_TERMS) {
      throw new IllegalArgumentException(
          "product of " + symbols.length + " symbols; allowed: at most " + MAX_TERMS);
    }
    for (String symbol : symbols) {
      checkSymbol(symbol);
    }
    Arrays.sort(symbols);
    return String.join("*", symbols);
  }

  private static String[] symbolsOf(String product) {
    return product.isEmpty() ? new String[0] : product.split("\\*", -1);
  }

  private static void checkSymbol(String name) {
    if (!SYMBOL.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "symbol '%s'; allowed: a letter or '_', then letters, digits and '_'".formatted(name));
    }
  }
}
