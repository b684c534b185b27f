"""Run by install.py inside the Python environment: writes the two model folders that the rival server loads.

    build_models.py FOLDER_OF_MINILM TARGET

TARGET/embedder is all-MiniLM-L6-v2 as sentence-transformers keeps it, with the real weights. TARGET/reranker is a cross-encoder of
the shape of ms-marco-MiniLM-L-6-v2 with random weights: it takes the time of the real one and its scores mean nothing.
"""

import os
import sys

import torch
from safetensors.torch import load_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
from transformers import BertConfig, BertForSequenceClassification, BertModel, BertTokenizerFast

SHAPE = {"vocab_size": 30522, "hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12,
         "intermediate_size": 1536, "max_position_embeddings": 512}
MAX_TOKENS = 256  # all-MiniLM-L6-v2's own max_seq_length


def write_embedder(minilm, tokenizer, target):
    plain = target + "-weights"
    model = BertModel(BertConfig(**SHAPE))
    missing, unexpected = model.load_state_dict(load_file(os.path.join(minilm, "model.safetensors")), strict=False)
    if missing or [name for name in unexpected if "position_ids" not in name]:
        sys.exit(f"build_models: the weights do not fit: missing {missing}, unexpected {unexpected}")
    model.save_pretrained(plain)
    tokenizer.save_pretrained(plain)
    transformer = Transformer(plain, max_seq_length=MAX_TOKENS)
    SentenceTransformer(modules=[transformer, Pooling(SHAPE["hidden_size"]), Normalize()]).save(target)


def write_reranker(tokenizer, target):
    torch.manual_seed(7)
    BertForSequenceClassification(BertConfig(**SHAPE, num_labels=1)).save_pretrained(target)
    tokenizer.save_pretrained(target)


def main():
    minilm, target = sys.argv[1:]
    tokenizer = BertTokenizerFast(os.path.join(minilm, "vocab.txt"), do_lower_case=True, model_max_length=512)
    write_embedder(minilm, tokenizer, os.path.join(target, "embedder"))
    write_reranker(tokenizer, os.path.join(target, "reranker"))


if __name__ == "__main__":
    main()
