#include "scripted_system.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

namespace bursar::setup {

namespace fs = std::filesystem;

std::string ScriptedSystem::random_bytes(std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out.push_back(static_cast<char>(++next_));
    return out;
}

Result<Ran> ScriptedSystem::run(const Program& program) {
    std::string line = program.file;
    for (const std::string& word : program.words) line += " " + word;
    runs.push_back(line);
    const auto named = [&](const std::string& name) { return programs.find(name); };
    auto found = program.words.empty() ? programs.end() : named(program.file + " " + program.words.front());
    if (found == programs.end()) found = named(program.file);
    if (found == programs.end()) return fail(Fault::not_found, program.file + " cannot be started.");
    return found->second(program);
}

Result<std::vector<Server>> ScriptedSystem::look_up_servers(const std::string& name) {
    const auto found = servers.find(name);
    if (found == servers.end()) return fail(Fault::not_found, "There is no such record.");
    return found->second;
}

Result<void> ScriptedSystem::connect_tls(const Server& server, const std::string&) {
    if (!reachable.contains(fmt::format("{}:{}", server.host, server.port)))
        return fail(Fault::provider_unavailable, "Connection refused");
    return {};
}

Result<std::string> ScriptedSystem::fetch(const std::string& url) {
    const auto found = documents.find(url);
    if (found == documents.end()) return fail(Fault::provider_unavailable, url + " does not answer.");
    return found->second;
}

OwnFolder::OwnFolder() {
    std::string name = (fs::temp_directory_path() / "bursar-setup-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
}

OwnFolder::~OwnFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

std::string OwnFolder::write(const std::string& name, const std::string& text, bool is_private) const {
    const fs::path file = path_ / name;
    std::ofstream(file, std::ios::binary) << text;
    using enum fs::perms;
    fs::permissions(file, is_private ? owner_read | owner_write : owner_read | owner_write | group_read | others_read);
    return file.string();
}

std::string text_of(const fs::path& file) {
    std::ostringstream out;
    out << std::ifstream(file, std::ios::binary).rdbuf();
    return out.str();
}

std::string wrongs(const std::vector<Finding>& findings) {
    std::string out;
    for (const Finding& one : findings)
        if (one.weight == Weight::wrong) out += one.step + ": " + one.text + "\n";
    return out;
}

}  // namespace bursar::setup
