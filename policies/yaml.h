#pragma once

#include "policies/documents.h"

#include <string>
#include <string_view>
#include <vector>

// YAML as a small tree that remembers where each value stands. Only what a policy needs: no anchors, no tags, no
// repeated keys.
namespace bursar::policies {

constexpr std::size_t documents_max = 200;
constexpr std::size_t document_bytes_max = 4U << 20;
constexpr std::size_t depth_max = 32;
constexpr std::size_t nodes_max = 400'000;  ///< values in one document
constexpr std::size_t problems_max = 500;   ///< more are counted, not listed

/// Where something stands. `file` lives as long as the documents that are parsed.
struct Place {
    std::string_view file;
    int line = 0;
    int column = 0;
};

/// "models.yaml:3:5"
std::string to_text(const Place& place);

struct Entry;

struct YamlNode {
    enum class Kind : unsigned char { nothing, text, list, map };
    Kind kind = Kind::nothing;
    bool quoted = false;
    std::string text;
    Place at;
    std::vector<YamlNode> items;
    std::vector<Entry> entries;
};

struct Entry {
    YamlNode key;  ///< always text
    YamlNode value;
};

/// Everything that is wrong with a policy, gathered.
class Problems {
  public:
    void add(const Place& at, std::string text);
    bool none() const { return problems_.empty(); }
    /// In the order of files, lines and columns; the last one says how many were not listed.
    std::vector<Problem> take() &&;

  private:
    std::vector<Problem> problems_;
    std::size_t more_ = 0;
};

/// The tree of one document; `nothing` where it is empty or so wrong that it cannot be read.
YamlNode read_yaml(const Document& document, Problems& problems);

}  // namespace bursar::policies
