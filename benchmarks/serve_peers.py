"""Peers of `tamis serve`: what one writes by hand around transformers.pipeline, with FastAPI and with Ray Serve.

Run by serve.py, each as a process of its own: `python serve_peers.py fastapi FOLDER PORT`.
"""

import os
import sys

MAX_TOKENS = 256


def build(folder: str, threads: int) -> object:
    """Return the pipeline."""
    import torch
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    torch.set_num_threads(threads)
    return transformers.pipeline("text-classification", folder, device="cpu")


def serve_fastapi(folder: str, port: int, threads: int) -> None:
    """Answer each request with a call of its own, as tutorials do."""
    import uvicorn
    from fastapi import FastAPI
    from pydantic import BaseModel

    classify = build(folder, threads)

    class Body(BaseModel):
        text: str

    app = FastAPI()

    @app.get("/ready")
    def ready() -> str:
        return "ready"

    @app.post("/predict")
    def predict(body: Body) -> dict[str, object]:
        return classify(body.text, truncation=True, max_length=MAX_TOKENS, top_k=None)[0]  # type: ignore[operator]

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


def serve_ray(folder: str, port: int, threads: int) -> None:
    """Answer with Ray Serve's own batching."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import signal

    import ray
    from ray import serve
    from starlette.requests import Request

    ray.init(num_cpus=threads, include_dashboard=False, log_to_driver=False, configure_logging=False)

    @serve.deployment(max_ongoing_requests=256, ray_actor_options={"num_cpus": 1})
    class Classify:
        def __init__(self) -> None:
            self.classify = build(folder, threads)

        @serve.batch(max_batch_size=32, batch_wait_timeout_s=0.005)
        async def several(self, texts: list[str]) -> list[object]:
            found = self.classify(texts, truncation=True, max_length=MAX_TOKENS, top_k=None, batch_size=len(texts))
            return list(found)

        async def __call__(self, request: Request) -> object:
            if request.method == "GET":
                return "ready"
            return await self.several((await request.json())["text"])

    serve.start(http_options={"host": "127.0.0.1", "port": port})
    serve.run(Classify.bind(), route_prefix="/")
    signal.pause()


if __name__ == "__main__":
    peer, folder, port, threads = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    {"fastapi": serve_fastapi, "ray": serve_ray}[peer](folder, port, threads)
