"""The same product in the usual Python stack, written plainly, as its users would: FastAPI, pypdf, sentence-transformers, FAISS,
rank-bm25, a CrossEncoder. Same chunks, candidates, fusion and reranked passages as Jackdaw's defaults; the writer says one word
at once, so that the time to the first token is the time from request to prompt.

    MODELS=FOLDER python -m uvicorn rival_server:app --port 8101
"""

import io
import json
import os
import re
import threading
import uuid

import faiss
import numpy
from fastapi import FastAPI, HTTPException, UploadFile
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from pypdf import PdfReader
from rank_bm25 import BM25Okapi
from sentence_transformers import CrossEncoder, SentenceTransformer

CHUNK, OVERLAP = 500, 50
CANDIDATES, RERANKED, FUSION_K = 50, 20, 60
DIMENSIONS = 384

app = FastAPI()
embedder = SentenceTransformer(os.path.join(os.environ["MODELS"], "embedder"), device="cpu")
reranker = CrossEncoder(os.path.join(os.environ["MODELS"], "reranker"), device="cpu", max_length=512)
vectors = faiss.IndexFlatIP(DIMENSIONS)
chunks = []  # {"chunk_id", "document_id", "filename", "page", "text"}, in the order of the vectors
terms = []
keywords = None
writing = threading.Lock()


class Question(BaseModel):
    question: str = Field(min_length=1)
    top_k: int = Field(3, ge=1, le=50)
    rerank: bool = True


def words_of(text):
    return re.findall(r"\w+", text.lower())


def split(text):
    return [text[begin:begin + CHUNK] for begin in range(0, max(len(text) - OVERLAP, 1), CHUNK - OVERLAP)]


@app.get("/health")
def health():
    return {"status": "ok"}


@app.post("/upload")
def upload(file: UploadFile):
    global keywords
    document = uuid.uuid4().hex
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(file.file.read())).pages]
    found = [{"document_id": document, "filename": file.filename, "page": number, "text": text}
             for number, page in enumerate(pages, 1) for text in split(page) if text.strip()]
    if not found:
        raise HTTPException(422, "no text")
    embedded = embedder.encode([chunk["text"] for chunk in found], batch_size=32)
    with writing:
        vectors.add(numpy.asarray(embedded, dtype=numpy.float32))
        terms.extend(words_of(chunk["text"]) for chunk in found)
        keywords = BM25Okapi(terms, k1=1.2, b=0.75)
        for chunk in found:
            chunks.append({"chunk_id": len(chunks), **chunk})
    return {"document_id": document, "filename": file.filename, "pages": len(pages), "chunks": len(found), "status": "ready"}


def retrieve(question):
    query = numpy.asarray(embedder.encode([question.question]), dtype=numpy.float32)
    near = vectors.search(query, CANDIDATES)[1][0]
    scores = keywords.get_scores(words_of(question.question))
    best = numpy.argsort(-scores)[:CANDIDATES]
    fused = {}
    for ranking in ([n for n in near if n >= 0], [b for b in best if scores[b] > 0]):
        for rank, at in enumerate(ranking, 1):
            fused[int(at)] = fused.get(int(at), 0) + 1 / (FUSION_K + rank)
    order = sorted(fused, key=fused.get, reverse=True)
    if question.rerank:
        first = order[:max(RERANKED, question.top_k)]
        logits = reranker.predict([(question.question, chunks[at]["text"]) for at in first])
        order = [at for _, at in sorted(zip(logits, first), key=lambda pair: -pair[0])]
    return [chunks[at] for at in order[:question.top_k]]


def build_prompt(question, sources):
    passages = "\n\n".join(f"[{n}] {source['filename']}, page {source['page']}\n{source['text']}"
                           for n, source in enumerate(sources, 1))
    return f"Answer from the passages alone.\n\n{passages}\n\nQuestion: {question.question}"


@app.post("/query/stream")
def query_stream(question: Question):
    if keywords is None:
        raise HTTPException(409, "upload a document first")
    sources = retrieve(question)
    prompt = build_prompt(question, sources)

    def events():
        yield f"data: {json.dumps({'token': 'ok' if prompt else ''})}\n\n"
        yield f"data: {json.dumps({'sources': sources}, ensure_ascii=False)}\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")
