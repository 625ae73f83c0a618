"""Chat templates as model families write them, and a tokenizer to go with them."""

from functools import cache

from tests.conftest import ROOT

CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
# Thinks before it answers; what was thought in turns before the last question is taken out, and an
# empty thought is put before an answer that follows it.
QWEN = (
    "{% set ns = namespace(last=0) %}{% for m in messages %}{% if m.role == 'user' %}"
    "{% set ns.last = loop.index0 %}{% endif %}{% endfor %}"
    "{% for m in messages %}{% set said = m.content.split('</think>')[-1].lstrip('\n') %}"
    "{% set empty = '<think>\n\n</think>\n\n' %}"
    "{% set thought = m.role == 'assistant' and loop.index0 > ns.last %}"
    "{{ '<|im_start|>' + m.role + '\n' + (empty if thought else '') + said + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}"
    "{% if enable_thinking is defined and not enable_thinking %}"
    "{{ '<think>\n\n</think>\n\n' }}{% endif %}{% endif %}"
)
LLAMA = (
    "{{ bos_token }}{% for m in messages %}"
    "{{ '<|start_header_id|>' + m.role + '<|end_header_id|>\n\n' }}"
    "{{ m.content | trim + '<|eot_id|>' }}"
    "{% endfor %}{% if add_generation_prompt %}"
    "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
# Puts the system turn before the last question, so that the document would stand before it.
MISTRAL = (
    "{{ bos_token }}{% if messages[0].role == 'system' %}{% set system = messages[0].content %}"
    "{% set messages = messages[1:] %}{% endif %}{% for m in messages %}{% if m.role == 'user' %}"
    "{{ '[INST] ' + (system + '\n\n' if loop.last and system is defined else '') + m.content }}"
    "{{ ' [/INST]' }}{% else %}{{ ' ' + m.content + eos_token }}{% endif %}{% endfor %}"
)
# Knows no system turn, and wants the others to alternate.
GEMMA = (
    "{{ bos_token }}{% if messages[0].role == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Roles must alternate') }}{% endif %}"
    "{{ '<start_of_turn>' + ('model' if m.role == 'assistant' else m.role) + '\n' }}"
    "{{ m.content | trim + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
# Forgets all but the last two turns.
FORGETFUL = CHATML.replace("in messages", "in messages[-2:]")
PLAIN = (ROOT / "pipeline/serving/plain.jinja").read_text()

TEMPLATES = {
    "chatml": (CHATML, "turns"),
    "qwen": (QWEN, "turns"),
    "llama": (LLAMA, "turns"),
    "mistral": (MISTRAL, "no_system"),
    "gemma": (GEMMA, "no_system"),
    "forgetful": (FORGETFUL, "one_turn"),
    "plain": (PLAIN, "turns"),
}
"""By name: the template, and the layout that suits it."""

OWN_TOKENS = [
    *("<|im_start|>", "<|im_end|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
    *("[INST]", "[/INST]", "<start_of_turn>", "<end_of_turn>", "<think>", "</think>"),
]


@cache
def tokenizer():
    """Return a small byte-level BPE that knows every template's own tokens."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import PreTrainedTokenizerFast

    texts = [path.read_text() for path in sorted((ROOT / "prompts").rglob("*.md"))]
    bpe = ByteLevelBPETokenizer()
    bpe.train_from_iterator(texts, vocab_size=1500, special_tokens=["<s>", "</s>", *OWN_TOKENS])
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe._tokenizer, bos_token="<s>", eos_token="</s>"
    )
