#include "service/providers/unit_meter.h"

#include "service/base/json.h"
#include "service/providers/answer.h"
#include "service/providers/json_walk.h"
#include "service/providers/padded.h"
#include "service/providers/unit_prompt.h"
#include "service/providers/usage_reader.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace bursar::providers {
namespace {

constexpr std::size_t parser_kept_bytes_max = 1024 * 1024;

/// A count, or a length of time, of which a begun second is a whole one; -1 if it is none.
std::int64_t whole_of(ondemand::value value) {
    double number = 0;
    if (value.get_double().get(number) != simdjson::SUCCESS) return -1;
    if (!(number >= 0 && number <= static_cast<double>(count_max))) return -1;
    return static_cast<std::int64_t>(std::ceil(number));
}

/// A duration that a server writes as text, as some do.
std::int64_t seconds_of(ondemand::value value) {
    double number = 0;
    if (value.get_double_in_string().get(number) != simdjson::SUCCESS) return whole_of(value);
    return number >= 0 && number <= static_cast<double>(count_max) ? static_cast<std::int64_t>(std::ceil(number)) : -1;
}

class UnitMeter final : public Meter {
  public:
    explicit UnitMeter(const Options& options) : endpoint_(options.endpoint), shown_model_(options.shown_model) {}

    std::string_view pass(std::string_view bytes) override { return pass_whole(bytes); }
    std::string_view pass_whole(std::string_view body) override;
    Reading finish(Tokens input_at_most) override;
    const Reading& reading() const override { return reading_; }
    bool mid_event() const override { return false; }

  private:
    bool read_json(std::string_view body);
    error_code read_member(std::string_view key, ondemand::value value);
    error_code read_billed(ondemand::value meta);
    error_code read_used(ondemand::value usage);
    error_code count_pictures(ondemand::value list);
    void put_together();

    Endpoint endpoint_;
    std::string shown_model_;
    std::string_view json_;
    Reading reading_;
    Statement said_;
    Usage units_;
    std::string size_, quality_;
    bool answers_ = false;  ///< it has the member that the endpoint's answers have
    bool told_ = false;     ///< units
    std::string made_;
};

std::string_view UnitMeter::pass_whole(std::string_view body) {
    const bool object = body.substr(std::min(body.find_first_not_of(" \t\r\n"), body.size())).starts_with('{');
    const Metered metered = facts(endpoint_).metered;
    // Sound is no JSON, and neither is a transcript for people.
    const bool bare = !object && (metered == Metered::sound || metered == Metered::transcript);
    if (bare) {
        answers_ = !body.empty();
    } else {
        said_.json = read_json(body);
    }
    put_together();
    if (said_.model_at.empty() || shown_model_.empty()) return body;
    made_.assign(body.substr(0, said_.model_at.begin));
    append_json_string(made_, shown_model_);
    made_ += body.substr(said_.model_at.end);
    return made_;
}

bool UnitMeter::read_json(std::string_view body) {
    thread_local ondemand::parser parser;
    if (parser.capacity() > parser_kept_bytes_max && body.size() <= parser_kept_bytes_max) parser = ondemand::parser();
    json_ = padded_copy(body);
    ondemand::document document;
    if (parser.iterate(json_.data(), json_.size(), json_.size() + padding_bytes).get(document)) return false;
    ondemand::object object;
    if (document.get_object().get(object)) return false;
    return each_member(object, [&](std::string_view key, ondemand::value value) { return read_member(key, value); }) ==
           simdjson::SUCCESS;
}

error_code UnitMeter::read_member(std::string_view key, ondemand::value value) {
    const bool pictures = endpoint_ == Endpoint::images || endpoint_ == Endpoint::image_edits;
    if (key == "error") said_.failed = said_.failed || !is_null(value);
    if (key == "id") reading_.id = text_of(value);
    if (key == "model") {
        const auto token = trimmed(value.raw_json_token());
        const auto begin = static_cast<std::size_t>(token.data() - json_.data());
        if (token.starts_with('"')) said_.model_at = {begin, begin + token.size()};
        return simdjson::SUCCESS;
    }
    if (key == "usage") return read_used(value);
    if (key == "meta" && endpoint_ == Endpoint::rerank) return read_billed(value);
    if (key == "data" && pictures) return count_pictures(value);
    if (key == "size" && pictures) size_ = text_of(value);
    if (key == "quality" && pictures) quality_ = text_of(value);
    if (key == "results") answers_ = answers_ || endpoint_ == Endpoint::moderations || endpoint_ == Endpoint::rerank;
    if (facts(endpoint_).metered != Metered::transcript) return simdjson::SUCCESS;
    if (key == "text") answers_ = true;
    if (key == "duration") {
        units_.seconds = std::max(units_.seconds, seconds_of(value));
        told_ = told_ || units_.seconds > 0;
    }
    return simdjson::SUCCESS;
}

/// {"billed_units": {"search_units": 1}} (docs.cohere.com, rerank, v1 and v2).
error_code UnitMeter::read_billed(ondemand::value meta) {
    return each_member(meta, [&](std::string_view key, ondemand::value billed) -> error_code {
        if (key != "billed_units") return simdjson::SUCCESS;
        return each_member(billed, [&](std::string_view unit, ondemand::value count) {
            if (unit != "search_units") return simdjson::SUCCESS;
            units_.search_units = std::max<std::int64_t>(0, whole_of(count));
            told_ = told_ || units_.search_units > 0;
            return simdjson::SUCCESS;
        });
    });
}

/// Tokens, or {"type": "duration", "seconds": 9} (OpenAI API description, TranscriptTextUsageDuration).
error_code UnitMeter::read_used(ondemand::value usage) {
    ondemand::object object;
    const auto error = usage.get_object().get(object);
    if (error) return error == simdjson::INCORRECT_TYPE ? simdjson::SUCCESS : error;
    // The second is Mistral's.
    for (const std::string_view name : {"seconds", "prompt_audio_seconds"}) {
        ondemand::value seconds;
        if (object[name].get(seconds) == simdjson::SUCCESS) {
            const std::int64_t whole = seconds_of(seconds);
            units_.seconds = std::max(units_.seconds, whole);
            told_ = told_ || whole >= 0;
        }
        bool again = false;
        if (const auto broken = object.reset().get(again)) return broken;
    }
    return each_member(
        object, [&](std::string_view key, ondemand::value value) { return read_usage_member(key, value, said_); });
}

error_code UnitMeter::count_pictures(ondemand::value list) {
    answers_ = told_ = true;
    return each_element(list, [&](ondemand::value) {
        ++units_.images;
        return simdjson::SUCCESS;
    });
}

void UnitMeter::put_together() {
    reading_.failed = said_.failed;
    reading_.understood = answers_ || said_.failed;
    reading_.content = reading_.complete = answers_ && !said_.failed;
    if (!reading_.content) return;
    if (said_.counts.any() || said_.counts.total >= 0) {
        // Whoever tells only a sum reranks, where all of it is input.
        if (said_.counts.input < 0 && said_.counts.output < 0) said_.counts.input = said_.counts.total;
        reading_.usage = to_usage(endpoint_, said_.counts);
        told_ = true;
    } else {
        reading_.units_only = told_;
    }
    reading_.usage.images = units_.images;
    reading_.usage.seconds = units_.seconds;
    reading_.usage.search_units = units_.search_units;
    // What a model that makes pictures puts out is pictures.
    if (units_.images > 0) reading_.usage.image_output += std::exchange(reading_.usage.output, 0);
    reading_.served.picture = picture_of(quality_, size_);
    reading_.source = told_ ? UsageSource::provider : UsageSource::estimated;
}

Reading UnitMeter::finish(Tokens input_at_most) {
    if (reading_.source == UsageSource::estimated && reading_.usage.input_total() == 0)
        reading_.usage.input = input_at_most;
    return reading_;
}

}  // namespace

std::unique_ptr<Meter> make_unit_meter(const Meter::Options& options) { return std::make_unique<UnitMeter>(options); }

}  // namespace bursar::providers
