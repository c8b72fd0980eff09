// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import io.sparseland.kernels.format.FormatException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A retrieval collection in the form of Cranfield: records begin with {@code .I}, fields with
 * {@code .T}, {@code .A}, {@code .B}, {@code .W}; of each the title and text are read. Judgements
 * are lines of query, document and a code; queries and documents are counted from 1 in the order of
 * their files.
 *
 * @param documents one text each
 * @param queries one text each
 * @param relevant by query, from 0, the documents, from 0, with a code of 1 or more
 */
record Cranfield(
    List<String> documents, List<String> queries, Map<Integer, Set<Integer>> relevant) {

  static Cranfield read(Path documents, Path queries, Path judgements) throws IOException {
    List<String> texts = records(documents);
    List<String> asked = records(queries);
    Map<Integer, Set<Integer>> relevant = new HashMap<>();
    for (String line : Texts.read(judgements).lines().filter(l -> !l.isBlank()).toList()) {
      String[] parts = line.strip().split("\\s+", -1);
      try {
        int query = Integer.parseInt(parts[0]);
        int document = Integer.parseInt(parts[1]);
        int code = Integer.parseInt(parts[2]);
        if (query < 1 || query > asked.size() || document < 1 || document > texts.size()) {
          throw judgement(judgements, line, asked.size(), texts.size());
        }
        if (code >= 1) {
          relevant.computeIfAbsent(query - 1, q -> new HashSet<>()).add(document - 1);
        }
      } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
        throw judgement(judgements, line, asked.size(), texts.size());
      }
    }
    if (relevant.isEmpty()) {
      throw new FormatException(judgements.toString(), 0, "no judgement", "at least one");
    }
    return new Cranfield(texts, asked, relevant);
  }

  private static FormatException judgement(Path file, String line, int queries, int documents) {
    return new FormatException(
        file.toString(),
        FormatException.NOWHERE,
        "judgement '" + line + "'",
        "a query of 1 to %d, a document of 1 to %d and a code".formatted(queries, documents));
  }

  private static List<String> records(Path file) throws IOException {
    List<String> records = new ArrayList<>();
    StringBuilder text = new StringBuilder();
    boolean wanted = false;
    boolean inside = false;
    for (String line : Texts.read(file).lines().toList()) {
      if (line.startsWith(".I")) {
        if (inside) {
          records.add(text.toString().strip());
        }
        text.setLength(0);
        inside = true;
        wanted = false;
      } else if (line.matches("\\.[A-Z]\\s*")) {
        wanted = line.startsWith(".T") || line.startsWith(".W");
      } else if (wanted) {
        text.append(line).append(' ');
      }
    }
    if (inside) {
      records.add(text.toString().strip());
    }
    if (records.isEmpty()) {
      throw new FormatException(file.toString(), 0, "no record", "records that begin with .I");
    }
    return records;
  }
}
