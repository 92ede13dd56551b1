"""Texts on which implementations of SMPP differ, if they differ."""

GSM_ALPHABET = "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ!\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà"
GSM_EXTENSION = "^{}\\[~]|€"
TURKISH = "İyi günler, şifreniz: ığüşöç İĞÜŞÖÇ"
EMOJI = "Grüße 🎉👩‍👩‍👧 €"
LATIN1 = "Zürich ½ ©"
ARABIC = ("عزيزي العميل، رصيدك الحالي هو ١٢٣ ريال. شكرًا لاستخدامك خدماتنا؟ " * 20)[:900]
EXTENSION_EVERYWHERE = "a€bc[d]" * 60
"""In GSM 7-bit there is an extension character at every place where a segment may end."""

SURROGATES_EVERYWHERE = "x" + "😀🎉" * 60
"""In UCS-2 there is a surrogate pair at every place where a segment may end."""
