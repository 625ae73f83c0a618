"""What a recipe says of a model that vLLM is to hold; all of it is told without loading it."""

from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipeline.serving.model_files import model_revision
from pipeline.serving.prompt_tokens import chat_template
from pipeline.serving.vllm_arguments import decisive, engine_args
from schemas.errors import RecipeError
from schemas.exchange import Identity, canonical, sha256


class VllmSettings(BaseModel):
    """What decides which model answers, and how it runs.

    Attributes:
        model: The folder of a model, if it begins with ``/``, ``.`` or ``~`` (``.`` is the recipe's
            folder), or its name on the hub.
        revision: The commit of a model from the hub, 40 hexadecimal digits; a branch would move.
        chat_template: ``model`` for the model's own, ``plain`` for base models that have none, or
            the path of a Jinja file, as ``model`` is given.
        chat_template_kwargs: Values that the template asks for.
        thinking: ``off`` tells the template so, and lets the answer begin with its first token;
            ``strip`` lets the model think first and cuts it off; ``arguments.reasoning_parser``
            then says how its thinking is told from its answer.
        thinking_tokens: Room for thinking, beside that for the answer.
        deadline_s: A request that takes longer has failed.
        arguments: Any field of vLLM's ``AsyncEngineArgs``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    revision: str | None = None
    chat_template: str = "model"
    chat_template_kwargs: dict[str, Any] = Field(default_factory=dict)
    thinking: Literal["off", "strip"] = "off"
    thinking_tokens: int = Field(default=2048, ge=1)
    deadline_s: float = Field(default=600, gt=0)
    arguments: dict[str, Any] = Field(default_factory=dict)

    @property
    def gpus(self) -> int:
        """One for each part of the model."""
        parts = ("tensor_parallel_size", "pipeline_parallel_size")
        sizes = [int(self.arguments.get(name, 1)) for name in parts]
        return sizes[0] * sizes[1]

    @property
    def spread(self) -> bool:
        """Whether Ray places the model's parts, as ``distributed_executor_backend`` says."""
        return self.arguments.get("distributed_executor_backend") == "ray"

    @cached_property
    def template(self) -> str:
        """The text of the chat template, or "" for the model's own."""
        return chat_template(self.chat_template)

    def served_by(self, engine: str) -> Identity:
        """Return the model by its files, with whatever else decides answers.

        Args:
            engine: The kind of engine.

        Raises:
            RecipeError: The model is not there or not pinned, or the template is not there.
        """
        settings = decisive(self.arguments)
        quantisation = str(settings.pop("quantization", "") or "")
        room = self.thinking_tokens if self.thinking == "strip" else 0
        rest = [settings, self.chat_template_kwargs, self.thinking, room]
        return Identity(
            engine=engine,
            model=self._path.name if self._path else self.model,
            revision=model_revision(self.model, self.revision),
            quantisation=quantisation,
            template=sha256(self.template)[:16] if self.template else "model",
            settings=sha256(canonical(rest))[:16],
        )

    def engine_args(self) -> Any:  # noqa: ANN401 - vLLM's AsyncEngineArgs
        """Return ``arguments``, and what we set unless they do, as vLLM takes them.

        Raises:
            RecipeError: vLLM is missing, or an argument is unknown to it or does not fit.
        """
        for name in {"model", "revision"} & self.arguments.keys():
            raise RecipeError(
                f"vllm_local: arguments.{name}: that is a setting of its own",
                hint="take it out of `arguments`",
            )
        # Off, unless somebody asks: a model's own code would run in the worker.
        ours = {"trust_remote_code": False, "disable_log_stats": True}
        grammar = {"backend": "xgrammar", "disable_any_whitespace": True}
        pinned = {"model": self.model, "revision": None if self._path else self.revision}
        return engine_args(ours | {"structured_outputs_config": grammar} | self.arguments | pinned)

    @property
    def _path(self) -> Path | None:
        return Path(self.model) if self.model.startswith("/") else None
