"""What people write to each other: two short messages and a paragraph in each of twenty languages, some invented."""

# ruff: noqa: RUF001  letters that look like Latin ones are what these texts are for

from typing import NamedTuple


class Language(NamedTuple):
    """code: ISO 639-1, or "emoji" or "code". The paragraph is repeated to make a long message."""

    code: str
    short: tuple[str, ...]
    paragraph: str


LANGUAGES = (
    Language(
        "en",
        ("Your code is 482913. It is valid for ten minutes.", "Running late, start without me!"),
        "Dear guest, your table for two is booked for Saturday at half past seven. Should your plans change, please "
        "call us before noon on the day. The entrance is in the courtyard, next to the old bakery. ",
    ),
    Language(
        "de",
        ("Ihr Paket ist da: Abholung bis 20 Uhr. Gebühr 4,50 €", "Schöne Grüße aus Österreich, bis morgen früh!"),
        "Sehr geehrte Fahrgäste, wegen Bauarbeiten fährt die Straßenbahn heute über den Hauptbahnhof. Bitte benützen "
        "Sie für die Weiterfahrt die Ersatzbusse; die Fahrkarten gelten dort ebenso. ",
    ),
    Language(
        "fr",
        ("Votre colis arrive demain entre 9h et 11h.", "Ça va ? On se retrouve à la gare, côté façade."),
        "Bonjour, votre rendez-vous chez le médecin est confirmé pour mardi à quatorze heures. Merci d'apporter votre "
        "carte et vos derniers résultats. En cas d'empêchement, prévenez-nous dès que possible, s'il vous plaît. ",
    ),
    Language(
        "es",
        ("¡Feliz cumpleaños, Íñigo! Un abrazo muy fuerte.", "Su cita es mañana a las 10:30. ¿Podrá venir?"),
        "Estimado cliente, le informamos de que su pedido ha salido de nuestro almacén y llegará el próximo jueves por "
        "la mañana. Si no estará en casa, elija otro día en nuestra página. ¡Gracias por su confianza! ",
    ),
    Language(
        "pt",
        ("Amanhã não há aulas. Até segunda-feira!", "O seu código é 7740. Não o partilhe com ninguém."),
        "Olá! A sua encomenda já está disponível na loja do centro, onde poderá levantá-la até sábado às dezanove "
        "horas. Não se esqueça de trazer o código e um documento de identificação. Atenção aos feriados. ",
    ),
    Language(
        "it",
        ("Perché non vieni? Ti aspettiamo fino alle otto.", "Il tuo credito residuo è di 12,30 €."),
        "Gentile cliente, la informiamo che domani dalle nove alle dodici l'acqua mancherà in tutta la via per lavori "
        "alla rete. Ci scusiamo per il disagio: la città avrà così tubature più sicure. ",
    ),
    Language(
        "tr",
        ("Siparişiniz yola çıktı, yarın kapınızda.", "İyi ki doğdun Işıl! Güzel günler dilerim."),
        "Değerli müşterimiz, randevunuz perşembe günü saat on beşte onaylanmıştır. Gelemeyecekseniz lütfen bir gün "
        "önceden bize bildirin. Şubemiz çarşının girişinde, eczanenin üstündedir. ",
    ),
    Language(
        "pl",
        ("Twoja paczka czeka w punkcie. Kod odbioru: 5512.", "Zażółć gęślą jaźń, czyli wszystkie ogonki."),
        "Szanowni Państwo, w związku z remontem mostu autobusy jeżdżą dziś objazdem przez Śródmieście. Prosimy "
        "sprawdzić nowy rozkład na przystanku i wyjść z domu kwadrans wcześniej niż zwykle. ",
    ),
    Language(
        "el",
        ("Ο κωδικός σας είναι 903117.", "ΚΑΛΗΜΕΡΑ ΑΘΗΝΑ"),
        "Αγαπητέ πελάτη, η παραγγελία σας είναι έτοιμη και σας περιμένει στο κατάστημα έως το Σάββατο το μεσημέρι. "
        "Παρακαλούμε να έχετε μαζί σας τον αριθμό της παραγγελίας και την ταυτότητά σας. ",
    ),
    Language(
        "ru",
        ("Ваш код: 228417. Никому его не сообщайте.", "С днём рождения! Ждём вас вечером."),
        "Уважаемый пассажир, поезд отправляется завтра в шесть часов утра с третьего пути. Посадка начинается за сорок "
        "минут. Просим не забыть паспорт и распечатанный билет, а тяжёлый багаж сдать заранее. ",
    ),
    Language(
        "ar",
        ("رمز التحقق الخاص بك هو 551203.", "موعدنا غدا في الساعة التاسعة صباحا."),
        "عزيزي العميل، تم شحن طلبك وسيصلك خلال يومين إلى ثلاثة أيام عمل. يمكنك متابعة الشحنة في أي وقت من موقعنا، "
        "وإذا لم تكن في البيت فسوف نتصل بك لتحديد موعد آخر. شكرا لثقتك بنا. ",
    ),
    Language(
        "he",
        ("קוד האימות שלך הוא 604821.", "מזל טוב! נתראה בערב אצל סבתא."),
        "לקוח יקר, החבילה שלך הגיעה לסניף וממתינה לאיסוף עד יום חמישי בשעה שמונה בערב. נא להביא תעודה מזהה ואת מספר "
        "ההזמנה. אם אינך יכול להגיע, אפשר לשלוח מישהו במקומך. ",
    ),
    Language(
        "hi",
        ("आपका कोड 773520 है। इसे किसी को न बताएं।", "जन्मदिन की बहुत बहुत शुभकामनाएं!"),
        "प्रिय ग्राहक, आपकी ट्रेन कल सुबह छह बजे प्लेटफार्म तीन से चलेगी। कृपया समय से आधा घंटा पहले पहुंचें और अपना पहचान पत्र साथ "
        "रखें। यात्रा में भोजन की व्यवस्था है। ",
    ),
    Language(
        "bn",
        ("আপনার কোড ৪৪১৮২০।", "শুভ জন্মদিন! ভালো থেকো।"),
        "প্রিয় গ্রাহক, আপনার আবেদনটি আমরা পেয়েছি। আগামী তিন কর্মদিবসের মধ্যে আমাদের প্রতিনিধি আপনার সঙ্গে যোগাযোগ করবেন। ততদিন "
        "পর্যন্ত দয়া করে এই নম্বরটি সংরক্ষণ করুন। ",
    ),
    Language(
        "th",
        ("รหัสของคุณคือ 118244", "สุขสันต์วันเกิด ขอให้มีความสุขมาก ๆ"),
        "เรียนลูกค้า พัสดุของท่านมาถึงสาขาแล้ว กรุณามารับภายในวันศุกร์ก่อนเวลาหกโมงเย็น โดยนำบัตรประชาชนและหมายเลขพัสดุมาด้วย "
        "หากไม่สะดวกสามารถให้ผู้อื่นมารับแทนได้ ",
    ),
    Language(
        "zh",
        ("您的验证码是 390172，十分钟内有效。", "生日快乐！晚上一起吃饭吧。"),
        "尊敬的客户，您的快递已到达小区门口的服务点，请在本周五晚上八点之前凭取件码领取。如果您不方便，可以请家人代取，"
        "或者打电话与我们约定新的时间。感谢您的支持，祝您生活愉快。",
    ),
    Language(
        "ja",
        ("認証コードは 826401 です。", "お誕生日おめでとう！また来週会いましょう。"),
        "いつもご利用いただきありがとうございます。ご注文の商品は本日発送いたしました。明日の午前中にお届けする予定です。"
        "ご不在の場合は、不在票に書かれている番号までお電話ください。再配達は無料でございます。",
    ),
    Language(
        "ko",
        ("인증번호는 517930 입니다.", "생일 축하해! 저녁에 보자."),
        "안녕하세요, 고객님. 예약하신 진료는 수요일 오후 두 시입니다. 신분증과 지난번 검사 결과를 가져오시기 "
        "바랍니다. 오시기 어려우시면 하루 전까지 전화로 알려 주세요. 주차는 건물 뒤쪽에 하실 수 있습니다. ",
    ),
    Language(
        "emoji",
        ("🎉🎂🥳 Happy birthday! 🎈", "👩‍🚀🚀🌕 👍🏽"),
        "🌅 Good morning! ☕🥐 Train 🚆 at 8:05, museum 🖼️ at 10, lunch 🍜 with the family 👨‍👩‍👧‍👦, then the "
        "park 🌳🐿️ and a long way home 🚲🌆. Don't forget the umbrella ☔ and the tickets 🎟️! ",
    ),
    Language(
        "code",
        ("Alert ~db-7~: disk [/var] at 91% {threshold: 90}", "regex ^\\d{6}$ | cost 3 € | a=b\\c"),
        "Monitor {id: [42|43]} says: load ~3.5, swap at 12%, backlog {mail: 17, jobs: [3, 5, 8]}. Run \\status\\all or "
        "open the board; the budget of 250 € is used to 80%. Escalate to [on-call] when ^red^ stays. ",
    ),
)
