#pragma once

#include "policies/snapshot.h"
#include "service/base/result.h"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// Policy documents: YAML in, one checked Snapshot out.
namespace bursar::policies {

struct Document {
    std::string name;  ///< file name, relative to the folder
    std::string text;
    bool operator==(const Document&) const = default;
};

/// What is wrong, where, and what to change. "teams.yaml:12:7: …"
struct Problem {
    std::string file;
    int line = 0;  ///< from 1; 0: the whole file
    int column = 0;
    std::string text;
    std::string message() const;
};

struct Parsed {
    std::shared_ptr<const Snapshot> snapshot;  ///< null if there are problems
    std::vector<Problem> problems;             ///< all of them, not only the first
    std::vector<std::string> warnings;
};

/// Parses and checks all documents as one policy. `defaults` (prices and the provider catalogue that ship in the box)
/// come first; the company's documents override them per entry. Limits: 200 documents, 4 MiB each, 800,000 values in
/// all, 10,000 entries in a section, depth 32, no anchors or tags. Pure; never throws.
Parsed parse(const std::vector<Document>& defaults, const std::vector<Document>& documents, std::int64_t revision);

/// All *.yaml and *.yml of a folder by name; wrong_configuration if it cannot be read.
Result<std::vector<Document>> read_folder(const std::filesystem::path& folder);

/// What would change for people, one line each: "team research: budget 2,000.00 USD per month -> 3,000.00 USD per
/// month".
std::vector<std::string> compare(const Snapshot& before, const Snapshot& after);

/// Secrets that the policy names.
std::vector<std::string> secrets_of(const Snapshot& rules);

/// A price document from LiteLLM's model_prices JSON (read as decimal text, never through a double), for provider names
/// as policies use them. Every entry is range-checked; what is left out is said in `skipped`, one line each.
struct Imported {
    Document document;
    std::vector<std::string> skipped;
    std::size_t models = 0;
};
Result<Imported> import_litellm(std::string_view json, std::string_view source, Timestamp at);

}  // namespace bursar::policies
