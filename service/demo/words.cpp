#include "service/demo/answer.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace bursar::demo {
namespace {

constexpr std::size_t quoted_words_max = 12;
constexpr std::size_t natural_sentences = 3;
constexpr std::int64_t dimensions_default = 64;

constexpr std::array<std::string_view, 12> sentences = {
    "The ledger is balanced and the coffee is still warm.",
    "Every token was counted once, and none of them complained.",
    "A small café on the corner keeps its receipts in a very tidy drawer.",
    "Rivers take the long way round and still arrive at the sea.",
    "If you are reading this, the whole path from your program to the model works.",
    "The lighthouse keeper writes one line each evening: “all ships home”.",
    "Good fences, good budgets and good neighbours have much in common.",
    "In the orchard, seven of the eight pears are ripe and one is thinking about it.",
    "The librarian lends out lamps on winter afternoons, and they all come back.",
    "Somewhere a clock that was always four minutes fast is finally on time.",
    "A naïve question is often the best one in the room.",
    "Nothing was invented here; these words were chosen by arithmetic.",
};

std::uint64_t fnv1a(std::string_view text) {
    std::uint64_t hash = 14695981039346656037ULL;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    return hash;
}

std::uint64_t next_random(std::uint64_t& state) {  // splitmix64
    std::uint64_t z = state += 0x9e3779b97f4a7c15ULL;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
    return z ^ z >> 31;
}

void append_words(std::string_view text, std::vector<std::string>& out) {
    for (std::string& word : split(text)) out.push_back(std::move(word));
}

}  // namespace

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> words;
    while (!text.empty()) {
        const std::size_t end = text.find_first_of(" \t\r\n");
        if (end != 0) words.emplace_back(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return words;
}

std::vector<std::string> paragraph(std::string_view prompt, std::optional<Tokens> count) {
    std::vector<std::string> words;
    std::vector<std::string> asked = split(prompt);
    const bool shortened = asked.size() > quoted_words_max;
    if (shortened) asked.resize(quoted_words_max);
    if (!asked.empty()) {
        asked.front().insert(0, "“");
        asked.back() += shortened ? "…”" : "”";
        words = {"You", "wrote:"};
        words.insert(words.end(), asked.begin(), asked.end());
    }
    std::uint64_t at = fnv1a(prompt) % sentences.size();
    const std::size_t wanted = count ? static_cast<std::size_t>(*count) : 0;
    for (std::size_t told = 0; count ? words.size() < wanted : told < natural_sentences; ++told) {
        append_words(sentences[at], words);
        at = (at + 1) % sentences.size();
    }
    if (count) words.resize(wanted);
    return words;
}

std::vector<float> embedding_of(std::string_view text, std::int64_t dimensions) {
    std::vector<float> vector(static_cast<std::size_t>(dimensions > 0 ? dimensions : dimensions_default));
    std::uint64_t state = fnv1a(text);
    double square = 0;
    for (float& x : vector) {
        // 24 bits: what a float holds exactly, so that text and base64 tell the same number.
        x = static_cast<float>(static_cast<std::int64_t>(next_random(state) >> 40) - (1 << 23)) /
            static_cast<float>(1 << 23);
        square += static_cast<double>(x) * static_cast<double>(x);
    }
    const auto length = static_cast<float>(std::sqrt(std::max(square, 1e-9)));
    for (float& x : vector) x /= length;
    return vector;
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) {
        if (!text.empty()) text += ' ';
        text += word;
    }
    return text;
}

}  // namespace bursar::demo
