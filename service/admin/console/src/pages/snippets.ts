/** Lines to paste, with the key in them, for the places where people use it. `model` is one that the key may call. */
export interface Snippet {
    name: string;
    title: string;
    text: string;
}

export function snippetsFor(origin: string, key: string, model: string): Snippet[] {
    const chat = JSON.stringify({ model, messages: [{ role: 'user', content: 'Say hello.' }] });
    return [
        {
            name: 'curl',
            title: 'curl',
            text: `curl ${origin}/v1/chat/completions \\\n  -H "Authorization: Bearer ${key}" \\\n  -H "Content-Type: application/json" \\\n  -d '${chat}'`,
        },
        {
            name: 'python',
            title: 'Python',
            text: `from openai import OpenAI

client = OpenAI(
    base_url="${origin}/v1",
    api_key="${key}",
)
answer = client.chat.completions.create(
    model="${model}",
    messages=[{"role": "user", "content": "Say hello."}],
)
print(answer.choices[0].message.content)`,
        },
        {
            name: 'node',
            title: 'Node.js',
            text: `import OpenAI from 'openai';

const client = new OpenAI({
    baseURL: '${origin}/v1',
    apiKey: '${key}',
});
const answer = await client.chat.completions.create({
    model: '${model}',
    messages: [{ role: 'user', content: 'Say hello.' }],
});
console.log(answer.choices[0].message.content);`,
        },
        {
            name: 'anthropic',
            title: 'Anthropic SDK',
            text: `import anthropic

client = anthropic.Anthropic(
    base_url="${origin}",
    api_key="${key}",
)
message = client.messages.create(
    model="${model}",
    max_tokens=1024,
    messages=[{"role": "user", "content": "Say hello."}],
)
print(message.content[0].text)`,
        },
        {
            name: 'claude-code',
            title: 'Claude Code',
            text: `export ANTHROPIC_BASE_URL=${origin}\nexport ANTHROPIC_AUTH_TOKEN=${key}\nclaude --model ${model}`,
        },
        {
            name: 'codex',
            title: 'Codex',
            text: `# ~/.codex/config.toml
model = "${model}"
model_provider = "bursar"

[model_providers.bursar]
name = "Bursar"
base_url = "${origin}/v1"
env_key = "BURSAR_KEY"
wire_api = "responses"

# in the shell:
#   export BURSAR_KEY=${key}`,
        },
        {
            name: 'opencode',
            title: 'opencode',
            text: JSON.stringify(
                {
                    $schema: 'https://opencode.ai/config.json',
                    model: `bursar/${model}`,
                    provider: {
                        bursar: {
                            npm: '@ai-sdk/openai-compatible',
                            name: 'Bursar',
                            options: { baseURL: `${origin}/v1`, apiKey: key },
                            models: { [model]: {} },
                        },
                    },
                },
                null,
                2,
            ),
        },
    ];
}
