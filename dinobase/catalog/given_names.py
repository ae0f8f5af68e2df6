"""Given names that many people have, of many languages: evidence that a column holds names of people, never proof."""

from __future__ import annotations

COMMON = frozenset(
    """
    aaron abdul abdullah abigail adam adrian agnes agnieszka ahmed aisha akira alan albert alejandro alex
    alexander alexandra alexis ali alice alicia alina amanda amelia amina amir amy ana anastasia anders andre
    andrea andreas andrew andrzej angela angelo anita anja ann anna anne annika anthony antoine anton antonio
    ariana arjun arthur ashley astrid ava barbara bartosz beata beatrice beatriz ben benjamin bernd bianca birgit
    bob boris brandon brenda brian bruno camila camille carla carlos carmen carol carolina caroline catherine
    cecilia charles chen chiara chloe chris christian christina christine christoph christopher claire clara
    claudia daniel daniela danielle dariusz david dean deborah deepa dennis diana diego dieter dimitri dirk dmitri
    dominik donald dorothy eduardo edward elena eleonora elif elisabeth elizabeth ella emil emilia emily emma
    enrique eric erik esther eva evelyn ewa fabian fatima felipe felix fernando filip florian francesca francesco
    francisco francois frank franz fred frederic freya friedrich gabriel gabriela gary george gerald gerard
    gerhard gianluca giorgio giovanni giulia gloria grace graham grzegorz guido guillaume gustav hamza hanna
    hannah hans harold harry heather hector heike helen helena helga henrik henry hiroshi hugo ian ibrahim ignacio
    igor ines ingrid irene iris isaac isabel isabella isabelle ivan jack jacob jakub james jamie jan jana jane
    janet jasmine jason javier jean jeffrey jennifer jens jeremy jessica jesus jill joan joanna joao johan johanna
    johannes john jonas jonathan jordan jorge jose joseph joshua juan judith julia julian juliana julie jun justin
    kai karen karin karl karol katarzyna kate katharina katherine kathleen kathryn katrin kazimierz keith kelly
    kenji kenneth kevin kim klaus krzysztof kumar kyle lars laura lauren laurent lea leah leila lena leo leon
    leonardo li liam lin linda lisa lorenzo louis louise luca lucas lucia lucy luis luisa lukas luke maciej
    magdalena malgorzata manuel manuela marc marcel marco marcus marek margaret maria mariam marie marina mario
    mark marko marlene marta martha martin martina mary mateo mateusz matthew matthias max maximilian maya mei
    melanie melissa michael michal michel michelle miguel mikhail milan mohamed mohammad mohammed monica monika
    muhammad nadia nancy natalia natalie nathan nicholas nicola nicolas nicole nikhil nikolai nina noah noor nora
    nuria olaf oleg olga oliver olivia omar oscar oskar pablo pamela paolo patricia patrick paul paula pauline
    pavel pedro peter petra philip philipp philippe pierre pieter pilar piotr priya rachel rafael rahul raj ralf
    ramon raphael raquel rashid raul rebecca renata rene ricardo richard rita rob robert roberto robin roger
    roland roman ronald rosa ruben russell ruth ryan sabine salma sam samantha samir samuel sandra sanjay santiago
    sara sarah scott sean sebastian sergei sergio sharon silvia simon simone sofia sonia sophia sophie stefan
    stefanie stephanie stephen steven stuart susan susanne sven sylvia takeshi tanja tatiana teresa thomas tim
    timothy tobias tom tomas tomasz tony ulrich ursula valentina valeria vanessa vera veronica victor victoria
    viktor vincent virginia vladimir walter wanda wei werner william wojciech wolfgang xavier yan yara yasmin
    yolanda yuki yusuf yves zoe zofia zuzana
    """.split()  # noqa: SIM905 - a list of quoted words is five times as long
)
