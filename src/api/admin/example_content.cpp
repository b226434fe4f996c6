#include "api/admin/example_content.h"

#include "api/admin/example_formats.h"

namespace cairn::api::admin {
namespace {

// ---- The model: y = 1.8 x + 32 -----------------------------------------------------------------

constexpr const char* model_card = R"card(---
license: apache-2.0
language:
- en
library_name: numpy
pipeline_tag: tabular-regression
tags:
- example
- regression
- temperature
metrics:
- mae
datasets:
- examples/greetings
model-index:
- name: celsius-to-fahrenheit
  results:
  - task:
      type: tabular-regression
      name: Temperatures
    dataset:
      name: Whole degrees from -40 to 100
      type: synthetic
    metrics:
    - type: mae
      name: Mean absolute error
      value: 0.0
---

# Celsius to Fahrenheit

The smallest useful model: one weight and one bias. It turns degrees Celsius into degrees
Fahrenheit, and shows what a repository of a model holds.

| file | what it is |
|---|---|
| `model.safetensors` | the weights, in large-file storage |
| `config.json` | their shapes, and the units |
| `README.md` | this card; the lines at its top become tags and fields |

## Use it

```python
from huggingface_hub import hf_hub_download
from safetensors.numpy import load_file

weights = load_file(hf_hub_download("examples/celsius-to-fahrenheit", "model.safetensors"))
celsius = 21.0
print(weights["linear.weight"][0, 0] * celsius + weights["linear.bias"][0])   # 69.8
```

## How it was made

Not trained: the weights are the definition, 9/5 and 32. So the error on any temperature is that of
32-bit numbers.

## Limits

- It knows nothing of absolute zero: -300 °C gives an answer too.
- Kelvin is another repository that nobody has made yet.
)card";

Example model() {
  Example out{.kind = RepoKind::model, .name = "celsius-to-fahrenheit", .sdk = {}, .files = {}};
  out.files.push_back({"README.md", model_card});
  out.files.push_back({"config.json",
                       "{\n"
                       "  \"model_type\": \"linear\",\n"
                       "  \"in_features\": 1,\n"
                       "  \"out_features\": 1,\n"
                       "  \"input_unit\": \"celsius\",\n"
                       "  \"output_unit\": \"fahrenheit\"\n"
                       "}\n"});
  out.files.push_back({"model.safetensors", safetensors({{"linear.bias", {1}, {32.0f}},
                                                         {"linear.weight", {1, 1}, {1.8f}}})});
  return out;
}

// ---- The dataset: greetings --------------------------------------------------------------------

constexpr const char* dataset_card = R"card(---
license: cc0-1.0
pretty_name: Greetings
language:
- ar
- de
- el
- en
- fr
- he
- hi
- ja
- ko
- no
- ru
- sw
- th
- zh
task_categories:
- translation
- text-classification
size_categories:
- n<1K
tags:
- example
- image
configs:
- config_name: default
  data_files:
  - split: train
    path: data/greetings.csv
- config_name: lines
  data_files:
  - split: train
    path: data/greetings.jsonl
---

# Greetings

Good morning in fourteen languages and nine scripts, some of them written from right to left, with
emoji beyond the basic plane. The same rows as CSV and as JSON lines; and a few tiny pictures, one
per color, with a table of what they show.

| file | what it is |
|---|---|
| `data/greetings.csv` | `language,script,text,emoji` |
| `data/greetings.jsonl` | the same rows |
| `images/*.png` | pictures of 16 × 16 pixels |
| `images/metadata.csv` | `file_name,label` |

```python
from datasets import load_dataset
rows = load_dataset("examples/greetings", split="train")
print(rows[9]["text"])
```
)card";

struct Greeting {
  const char* language;
  const char* script;
  const char* text;
  const char* emoji;
};
constexpr Greeting greetings[] = {
    {"ar", "Arab", "صباح الخير", "🌅"},       {"de", "Latn", "Guten Morgen, schöne Grüße", "☕"},
    {"el", "Grek", "Καλημέρα", "🌊"},         {"en", "Latn", "Good morning", "🌤️"},
    {"fr", "Latn", "Bonjour, ça va ?", "🥐"}, {"he", "Hebr", "בוקר טוב", "🕊️"},
    {"hi", "Deva", "सुप्रभात", "🪷"},           {"ja", "Jpan", "おはようございます", "🗻"},
    {"ko", "Kore", "좋은 아침이에요", "🍵"},  {"no", "Latn", "God morgen, på gjensyn", "⛷️"},
    {"ru", "Cyrl", "Доброе утро", "❄️"},       {"sw", "Latn", "Habari za asubuhi", "🦁"},
    {"th", "Thai", "สวัสดีตอนเช้า", "🐘"},       {"zh", "Hans", "早上好", "🀄"},
};

struct Swatch {
  const char* label;
  Rgb first, second;
};
constexpr Swatch swatches[] = {{"red stripes", {200, 30, 40}, {255, 230, 230}},
                               {"green stripes", {20, 140, 60}, {230, 255, 235}},
                               {"blue stripes", {30, 70, 200}, {230, 238, 255}}};

std::string csv_cell(std::string_view text) {
  if (text.find_first_of(",\"\n") == text.npos) return std::string(text);
  std::string out = "\"";
  for (char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

Example dataset() {
  Example out{.kind = RepoKind::dataset, .name = "greetings", .sdk = {}, .files = {}};
  std::string csv = "language,script,text,emoji\n", lines, labels = "file_name,label\n";
  for (const auto& g : greetings) {
    csv += std::string(g.language) + "," + g.script + "," + csv_cell(g.text) + "," + g.emoji + "\n";
    lines += std::string(R"({"language":")") + g.language + R"(","script":")" + g.script +
             R"(","text":")" + g.text + R"(","emoji":")" + g.emoji + "\"}\n";
  }
  out.files.push_back({"README.md", dataset_card});
  out.files.push_back({"data/greetings.csv", csv});
  out.files.push_back({"data/greetings.jsonl", lines});
  for (const auto& swatch : swatches) {
    std::string label = swatch.label;
    std::string name = label.substr(0, label.find(' ')) + ".png";
    labels += name + "," + label + "\n";
    out.files.push_back({"images/" + name, striped_png(16, swatch.first, swatch.second)});
  }
  out.files.push_back({"images/metadata.csv", labels});
  return out;
}

// ---- The space: one page -----------------------------------------------------------------------

constexpr const char* space_card = R"card(---
title: Thermometer
emoji: 🌡️
colorFrom: blue
colorTo: red
sdk: static
app_file: index.html
pinned: false
license: apache-2.0
short_description: Degrees Celsius and Fahrenheit, side by side
models:
- examples/celsius-to-fahrenheit
tags:
- example
---

# Thermometer

A page without a server: what `examples/celsius-to-fahrenheit` knows, as a slider.
)card";

constexpr const char* space_page = R"page(<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Thermometer</title>
    <link rel="stylesheet" href="style.css">
  </head>
  <body>
    <main>
      <h1>Thermometer</h1>
      <label for="celsius">Degrees Celsius</label>
      <input id="celsius" type="range" min="-40" max="100" value="21">
      <output for="celsius" id="answer"></output>
    </main>
    <script>
      const celsius = document.getElementById("celsius");
      const answer = document.getElementById("answer");
      const show = () => {
        const fahrenheit = 1.8 * Number(celsius.value) + 32;
        answer.textContent = `${celsius.value} °C is ${fahrenheit.toFixed(1)} °F`;
      };
      celsius.addEventListener("input", show);
      show();
    </script>
  </body>
</html>
)page";

constexpr const char* space_style = R"css(body {
  font: 1.1rem/1.5 system-ui, sans-serif;
  margin: 3rem auto;
  max-width: 30rem;
  padding: 0 1rem;
}
input {
  width: 100%;
}
output {
  display: block;
  font-size: 1.6rem;
}
)css";

Example space() {
  Example out{.kind = RepoKind::space, .name = "thermometer", .sdk = "static", .files = {}};
  out.files.push_back({"README.md", space_card});
  out.files.push_back({"index.html", space_page});
  out.files.push_back({"style.css", space_style});
  return out;
}

}  // namespace

std::vector<Example> all_examples() {
  return {model(), dataset(), space()};
}

}  // namespace cairn::api::admin
