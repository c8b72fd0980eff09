// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.text;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The tokenizer of uncased BERT models, from their list of pieces. */
public final class WordPieces {

  private static final List<String> SPECIAL = List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]");

  private WordPieces() {}

  /**
   * A tokenizer.
   *
   * @param pieces by id; the special ones among them
   */
  public static Tokenizer open(List<String> pieces) throws IOException {
    for (String special : SPECIAL) {
      if (!pieces.contains(special)) {
        throw new IllegalArgumentException("the vocabulary has no '" + special + "'");
      }
    }
    int start = pieces.indexOf("[CLS]");
    JsonObject json =
        JsonParser.parseString(
                """
                {"version": "1.0",
                 "normalizer": {"type": "BertNormalizer", "clean_text": true,
                   "handle_chinese_chars": true, "strip_accents": null, "lowercase": true},
                 "pre_tokenizer": {"type": "BertPreTokenizer"},
                 "post_processor":
                   {"type": "BertProcessing", "sep": ["[SEP]", %d], "cls": ["[CLS]", %d]},
                 "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true}}
                """
                    .formatted(pieces.indexOf("[SEP]"), start))
            .getAsJsonObject();
    JsonObject vocabulary = new JsonObject();
    for (int i = 0; i < pieces.size(); i++) {
      vocabulary.addProperty(pieces.get(i), i);
    }
    JsonObject model = new JsonObject();
    model.addProperty("type", "WordPiece");
    model.addProperty("unk_token", "[UNK]");
    model.addProperty("continuing_subword_prefix", "##");
    model.addProperty("max_input_chars_per_word", 100);
    model.add("vocab", vocabulary);
    json.add("model", model);
    JsonArray added = new JsonArray();
    for (String special : SPECIAL) {
      JsonObject token =
          JsonParser.parseString(
                  """
                  {"special": true, "normalized": false,
                   "single_word": false, "lstrip": false, "rstrip": false}
                  """)
              .getAsJsonObject();
      token.addProperty("id", pieces.indexOf(special));
      token.addProperty("content", special);
      added.add(token);
    }
    json.add("added_tokens", added);
    byte[] bytes = json.toString().getBytes(StandardCharsets.UTF_8);
    return TokenizerJson.read("vocabulary", new ByteArrayInputStream(bytes), start, pieces.size());
  }
}
