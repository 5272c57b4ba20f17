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
constexpr std::size_t nodes_max = 400'000;         ///< values in one document
constexpr std::size_t policy_nodes_max = 800'000;  ///< values in all documents of a policy
constexpr std::size_t problems_max = 500;          ///< more are counted, not listed
constexpr std::size_t hints_max = 50;              ///< so many problems come with a guess at what was meant

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
    bool wants_hints() const { return problems_.size() < hints_max; }
    /// In the order of files, lines and columns; the last one says how many were not listed.
    std::vector<Problem> take() &&;

  private:
    std::vector<Problem> problems_;
    std::size_t more_ = 0;
};

/// The tree of one document; `nothing` where it is empty or so wrong that it cannot be read. `nodes_left` is how many
/// values the policy may still have, and becomes less by those of this document.
YamlNode read_yaml(const Document& document, std::size_t& nodes_left, Problems& problems);

}  // namespace bursar::policies
