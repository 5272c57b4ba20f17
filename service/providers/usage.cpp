#include "service/providers/answer.h"

#include <algorithm>

namespace bursar::providers {
namespace {

Tokens said(Tokens count) { return std::max<Tokens>(count, 0); }

/// Takes up to `wanted` out of `left`.
Tokens take(Tokens& left, Tokens wanted) {
    const Tokens taken = std::min(left, said(wanted));
    left -= taken;
    return taken;
}

void split_cache_writes(const Counts& counts, Usage& usage) {
    usage.cache_write_1h = said(counts.written_1h);
    // Without a breakdown a write is one of five minutes, the default lifetime; a breakdown that says more than the sum
    // is believed.
    usage.cache_write_5m = std::max(said(counts.written_5m), said(counts.written) - usage.cache_write_1h);
}

/// Anthropic: input_tokens excludes what was read from and written to the cache (prompt caching guide, October 2026).
/// Bedrock's inputTokens too (user guide, "Prompt caching", November 2026).
Usage from_anthropic(const Counts& counts) {
    Usage usage;
    usage.input = said(counts.input);
    usage.cache_read = said(counts.cached);
    split_cache_writes(counts, usage);
    usage.output = said(counts.output);
    usage.web_searches = said(counts.web_searches);
    usage.input += counts.besides.input;
    usage.cache_read += counts.besides.cache_read;
    usage.cache_write_5m += counts.besides.cache_write_5m;
    usage.cache_write_1h += counts.besides.cache_write_1h;
    usage.output += counts.besides.output;
    return usage;
}

/// OpenAI and those who copy it: every detail is a part of the count above it.
Usage from_openai(const Counts& counts) {
    Usage usage;
    Tokens input = said(counts.input);
    Tokens cached = 0;  // inside the count
    if (said(counts.cached) + said(counts.written) > input) {
        // Impossible as parts of the count, so this provider counts them besides it; to cap them would lose tokens.
        usage.cache_read = said(counts.cached);
        split_cache_writes(counts, usage);
    } else {
        usage.cache_write_5m = take(input, counts.written);
        cached = usage.cache_read = take(input, counts.cached);
    }
    // Audio and pictures may be cached too, and then stand in both details: so many were taken as cached.
    usage.audio_input = take(input, said(counts.audio_input) - take(cached, counts.cached_audio));
    usage.image_input = take(input, said(counts.image_input) - take(cached, counts.cached_image));
    usage.input = input;
    Tokens output = said(counts.output);
    // xAI and Perplexity bill reasoning on top of the output count; only the total gives it away.
    if (counts.reasoning > 0 && counts.total >= 0 && counts.total == said(counts.input) + output + counts.reasoning)
        usage.reasoning = counts.reasoning;
    usage.audio_output = take(output, counts.audio_output);
    usage.image_output = take(output, counts.image_output);
    usage.output = output;
    usage.web_searches = said(counts.web_searches);
    return usage;
}

/// Google: what was cached is a part of the prompt's count; thoughts, and what its own tools read, are counted besides
/// (ai.google.dev/api/generate-content, UsageMetadata, November 2026).
Usage from_gemini(const Counts& counts) {
    Usage usage;
    Tokens input = said(counts.input);
    if (said(counts.cached) > input)
        usage.cache_read = said(counts.cached);
    else
        usage.cache_read = take(input, counts.cached);
    // Audio may be cached too: it was taken as cached.
    usage.audio_input = take(input, counts.audio_input);
    usage.input = input + said(counts.tool_input);
    Tokens output = said(counts.output);
    usage.audio_output = take(output, counts.audio_output);
    usage.image_output = take(output, counts.image_output);
    usage.output = output;
    usage.reasoning = said(counts.reasoning);
    usage.web_searches = said(counts.web_searches);
    return usage;
}

/// Cohere: what is billed. What was cached is a part of the whole prompt, of which its own words are not billed.
Usage from_cohere(const Counts& counts) {
    Usage usage;
    Tokens input = said(counts.input);
    usage.cache_read = take(input, counts.cached);
    usage.input = input;
    usage.output = said(counts.output);
    return usage;
}

}  // namespace

void Counts::update(const Counts& later) {
    const auto take_over = [](std::int64_t& mine, std::int64_t theirs) {
        if (theirs >= 0) mine = theirs;
    };
    take_over(input, later.input);
    take_over(cached, later.cached);
    take_over(written, later.written);
    take_over(written_5m, later.written_5m);
    take_over(written_1h, later.written_1h);
    take_over(audio_input, later.audio_input);
    take_over(image_input, later.image_input);
    take_over(cached_audio, later.cached_audio);
    take_over(cached_image, later.cached_image);
    take_over(tool_input, later.tool_input);
    take_over(output, later.output);
    take_over(reasoning, later.reasoning);
    take_over(audio_output, later.audio_output);
    take_over(image_output, later.image_output);
    take_over(total, later.total);
    take_over(web_searches, later.web_searches);
    if (later.some_besides) besides = later.besides;
    some_besides = some_besides || later.some_besides;
}

void Counts::add_besides(const Counts& sampling) {
    Counts sum = sampling;
    sum.besides = besides;
    besides = from_anthropic(sum);
    // However many samplings a provider claims: no sum can overflow.
    for (Tokens* tokens :
         {&besides.input, &besides.cache_read, &besides.cache_write_5m, &besides.cache_write_1h, &besides.output})
        *tokens = std::min(*tokens, count_max);
    some_besides = true;
}

Usage to_usage(Endpoint endpoint, const Counts& counts) {
    switch (endpoint) {
        case Endpoint::messages:
        case Endpoint::converse:
            return from_anthropic(counts);
        case Endpoint::chat_completions:
        case Endpoint::completions:
        case Endpoint::responses:
        case Endpoint::embeddings:
        case Endpoint::moderations:
        case Endpoint::rerank:
        case Endpoint::images:
        case Endpoint::image_edits:
        case Endpoint::speech:
        case Endpoint::transcriptions:
        case Endpoint::translations:
        case Endpoint::response_compact:
        case Endpoint::realtime:
            return from_openai(counts);
        case Endpoint::generate_content:
        case Endpoint::gemini_embeddings:
            return from_gemini(counts);
        case Endpoint::cohere_chat:
        case Endpoint::cohere_embed:
            return from_cohere(counts);
        case Endpoint::count_tokens:
        case Endpoint::models:
        case Endpoint::response_get:
        case Endpoint::response_delete:
        case Endpoint::response_items:
        case Endpoint::response_cancel:
        case Endpoint::input_tokens:
        case Endpoint::passthrough:
        case Endpoint::file_upload:
        case Endpoint::file_list:
        case Endpoint::file_get:
        case Endpoint::file_content:
        case Endpoint::file_delete:
        case Endpoint::batch_create:
        case Endpoint::batch_list:
        case Endpoint::batch_get:
        case Endpoint::batch_cancel:
            return {};
    }
    return {};
}

}  // namespace bursar::providers
