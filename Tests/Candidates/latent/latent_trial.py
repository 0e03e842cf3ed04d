"""A random model with texts, for the checks of chapter 17, at points of its family."""

import latent_model  # first: it makes the modules of the folder above known
import latent_numpy

POINTS = [  # what a configuration has under `latent`
    {}, {"stride": 2, "bits": 4}, {"stride": 2}, {"stride": 3, "profile": {"up_projection": "shared"}},
    {"bits": 2, "rotated_bits": 4, "group": 3, "profile": {"scale_rounding": "bf16"}},
    {"stride": 2, "bits": 3, "rotated_bits": 2, "group": 2, "profile": {"quantiser": "symmetric"}},
    {"stride": 2, "bits": 1, "profile": {"up_projection": "shared", "latent_norm": "off"}},
    {"stride": 2, "bits": 24, "rotated_bits": 8, "profile": {"scale_rounding": "bf16", "quantiser": "symmetric"}},
    {"rms_norm_eps": 0.01}, {"profile": {"entries": "heads"}}, {"stride": 2, "profile": {"entries": "heads"}}]


class Trial:
    """A random model and texts, with its decoder."""

    def __init__(self, draw, folder, latent, **sizes):
        sizes = {
            "layers": draw.choice([2, 3, 4]), "heads": draw.choice([1, 2, 3]), "plain": draw.choice([1, 3, 4]),
            "rotated": draw.choice([0, 2, 4]), "value": draw.choice([2, 5]), "query": draw.choice([None, None, 5]),
            "tied": draw.random() < 0.3, "kv_heads": 1, **sizes}
        self.path = latent_model.write_random(folder / f"{draw.random()}", draw.randrange(10**6), latent, **sizes)
        self.model = latent_model.load(self.path)
        self.setting, self.profile = self.model.setting, latent.get("profile", {})
        self.texts = [[draw.randrange(11) for _ in range(draw.randint(1, 9))] for _ in range(draw.randint(1, 3))]
        self.texts[0] += [draw.randrange(11) for _ in range(3)]
        self.decoder = latent_numpy.Decoder(self.model)
        self.count = draw.choice([0, 1, 3])
        self.forced = [draw.randrange(11) for _ in range(self.count)] if draw.random() < 0.5 else None
