#pragma once

#include "policies/admit.h"
#include "service/providers/form.h"
#include "service/shelf/lines.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

// The input file of a batch: every line is read and admitted as the call that it is, before anything is sent.
namespace bursar::gateway {

/// The form by which a file is uploaded: views into the body.
struct Upload {
    std::string_view file;
    std::string_view file_name;
    std::vector<providers::FormPart> settings;  ///< all but the file
};
/// invalid_request: no file, or a purpose that is not taken here.
Result<Upload> read_upload(std::string_view content_type, std::string_view body);
/// The same form with `lines` in the file's place; `boundary` does not begin any of its lines.
std::string write_upload(const Upload& upload, std::string_view body, std::string_view lines,
                         std::string_view boundary);

class BatchFile {
  public:
    BatchFile(const policies::Snapshot& rules, const Caller& caller, Timestamp at, std::string_view file)
        : rules_(rules), caller_(caller), at_(at), rest_(file) {}

    /// Takes the next lines, as many as take no long time. Whether there are more. The errors of admit() and of the
    /// reader of calls, with the number of the line; invalid_request if the file is none that can be a batch.
    Result<bool> take_some();

    // Once all are taken.
    const std::vector<shelf::Line>& lines() const { return lines_; }
    const std::shared_ptr<const policies::Model>& model() const { return model_; }
    /// To which all its lines go.
    const policies::Channel* channel() const { return channel_; }
    Endpoint endpoint() const { return endpoint_; }
    /// What is sent: each line with the provider's name of the model, and a limit of output tokens.
    std::string take_rewritten() { return std::move(rewritten_); }

  private:
    Result<void> take(std::string_view line);
    Result<policies::Route> admit(const providers::Prompt& prompt, Endpoint endpoint) const;
    void rewrite(std::string_view line, const providers::Prompt& prompt, providers::Span body, Tokens output_worst);

    const policies::Snapshot& rules_;
    const Caller& caller_;
    const Timestamp at_;
    std::string_view rest_;
    std::size_t number_ = 0;  ///< of the newest line, from 1
    std::string asked_model_;
    std::shared_ptr<const policies::Model> model_;
    const policies::Channel* channel_ = nullptr;
    Endpoint endpoint_ = Endpoint::chat_completions;
    std::vector<shelf::Line> lines_;
    std::unordered_set<std::uint64_t> names_;
    std::string rewritten_;
};

}  // namespace bursar::gateway
